/*
 * host.h: what this host has, as far as Specific-Purpose Memory is concerned
 *
 * A plain description, read once and then only looked at: nodes with their
 * CPUs, memory, hugepages, zones and speed; device-dax devices; soft-reserved
 * ranges; accelerators. spm_host_read() fills in the facts,
 * spm_host_classify() (host_classify.h) the conclusions.
 *
 * Sources: the kernel's Documentation/ABI (sysfs-devices-node, -memory,
 * sysfs-bus-dax, sysfs-firmware-memmap, sysfs-kernel-mm-memory-tiers),
 * proc(5), and trees captured from running kernels (tests/hosts).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_value.h"
#include "util/spm_nodeset.h"

G_BEGIN_DECLS

/* What a node's memory is. The words in the output: spm_host_class_name(). */
typedef enum {
    SPM_HOST_CLASS_DRAM,
    SPM_HOST_CLASS_HBM,
    SPM_HOST_CLASS_FAR,           /* behind CXL or another slow path */
    SPM_HOST_CLASS_PMEM,
    SPM_HOST_CLASS_GPU,           /* a GPU's own memory, owned by its driver */
    SPM_HOST_CLASS_UNCLAIMED_SPM, /* Specific-Purpose Memory that the page allocator does not have */
    SPM_HOST_CLASS_NONE,          /* no memory */
} SpmHostClass;
#define SPM_HOST_CLASS_LAST SPM_HOST_CLASS_NONE

typedef enum {
    SPM_HOST_CONFIDENCE_LOW,
    SPM_HOST_CONFIDENCE_MEDIUM,
    SPM_HOST_CONFIDENCE_HIGH,
} SpmHostConfidence;

/* How a node's memory can stand behind a guest's cell. */
typedef enum {
    SPM_HOST_USABLE_NO,
    SPM_HOST_USABLE_SYSTEM_RAM,
    SPM_HOST_USABLE_DEVDAX,
} SpmHostUsable;

/* Hugepages of one size on one node. */
typedef struct {
    guint64 size; /* bytes */
    SpmHostValue total, free, surplus;
} SpmHostPages;

/* One zone of a node, from /proc/zoneinfo, in base pages. */
typedef struct {
    const char *name; /* "Normal", "Movable" ...; never freed */
    guint64 present, managed;
} SpmHostZone;

/* The memory blocks of a node; looked at only where they tell something, for
 * nodes that a dax device feeds and nodes without CPUs. */
typedef struct {
    guint online_normal, online_movable, offline;
    const char *why; /* why the three numbers are unknown, or NULL */
} SpmHostBlocks;

/* HMAT figures as the kernel shows them, seen from the best initiators of one
 * access class: MiB/s and ns. The kernel writes 0 for what it does not know. */
typedef struct {
    SpmHostValue read_bandwidth, write_bandwidth, read_latency, write_latency;
    SpmNodeset *initiators; /* nodes */
} SpmHostAccess;

typedef struct {
    guint level;
    SpmHostValue size, line_size; /* bytes */
} SpmHostSideCache;

typedef struct {
    guint id;
    gboolean present;    /* has a directory in sysfs */
    SpmHostValue online; /* 0 or 1 */
    SpmNodeset *cpus;    /* its own; empty when unknown */
    const char *cpus_why;
    SpmNodeset *local_cpus;  /* of the nearest nodes with CPUs, for a node without any */
    SpmNodeset *local_nodes; /* these nodes */
    SpmHostValue total, free; /* bytes of system RAM */
    GArray *pages;            /* SpmHostPages, smallest size first */
    const char *pages_why;    /* why the sizes are unknown */
    GArray *zones;            /* SpmHostZone */
    SpmHostBlocks blocks;
    SpmHostAccess access[2];  /* access0 and access1 */
    int access_class;         /* which one .bandwidth and .latency come from, or -1 */
    SpmHostValue bandwidth, latency; /* mean of read and write */
    GArray *side_caches;      /* SpmHostSideCache */
    SpmHostValue tier;
    GArray *distances;        /* guint16, one for each online node in order of their numbers */
    const char *distances_why;
    int column;               /* of this node in every .distances, or -1 */
    gboolean nvidia_gpu;      /* named by /proc/driver/nvidia/gpus/X/numa_status */

    /* Filled in by spm_host_classify(). */
    SpmHostClass klass;
    SpmHostClass klass_by_rule; /* differs from .klass only when overridden */
    gboolean overridden;
    gboolean mixed;             /* a dax device is only part of the memory */
    guint rule;
    char *reason;
    SpmHostConfidence confidence;
    SpmHostUsable usable;
    char *usable_why;           /* in words, both for yes and for no */
    gboolean ready;             /* a cell can be put there now */
    GPtrArray *next;            /* char *: commands and remarks that make it ready */
    GPtrArray *trace;           /* char *: every rule that was looked at, for --explain */
} SpmHostNode;

typedef enum {
    SPM_HOST_DAX_UNKNOWN,
    SPM_HOST_DAX_SYSTEM_RAM, /* driver kmem */
    SPM_HOST_DAX_DEVDAX,     /* driver device_dax: /dev/daxX.Y */
    SPM_HOST_DAX_FAMFS,      /* driver fsdev_dax, Linux 7.2 */
    SPM_HOST_DAX_UNBOUND,
} SpmHostDaxMode;

typedef enum {
    SPM_HOST_ORIGIN_UNKNOWN,
    SPM_HOST_ORIGIN_SOFT_RESERVED,
    SPM_HOST_ORIGIN_CXL,
    SPM_HOST_ORIGIN_PMEM,
} SpmHostOrigin;

typedef struct {
    char *name; /* "dax0.0" */
    SpmHostValue size, resource, align; /* bytes */
    SpmHostValue target_node, numa_node;
    char *driver; /* NULL: none */
    SpmHostDaxMode mode;
    gboolean let_go; /* no driver any more, but the memory kmem added stays until the next boot */
    SpmHostOrigin origin;
    const char *origin_why; /* when unknown */
} SpmHostDax;

enum {
    SPM_HOST_SOURCE_IOMEM = 1 << 0,  /* /proc/iomem */
    SPM_HOST_SOURCE_MEMMAP = 1 << 1, /* /sys/firmware/memmap */
    SPM_HOST_SOURCE_DAX = 1 << 2,    /* a dax device that came from a soft-reserved range */
};

typedef struct {
    guint64 start, end;  /* both included */
    guint sources;
    guint64 unclaimed;   /* bytes no dax device covers */
    gboolean claimed_unknown; /* some dax device does not tell where it is */
} SpmHostRange;

typedef struct {
    char *address;     /* "0000:41:00.0" */
    guint32 pci_class; /* 24 bits */
    SpmHostValue vendor, device;
    char *driver;      /* NULL: none */
    SpmHostValue iommu_group, node;
    SpmNodeset *spm_nodes; /* the nearest nodes of class hbm or unclaimed-spm; by spm_host_classify() */
    const char *spm_why;   /* why that is empty */
} SpmHostAccelerator;

typedef struct {
    guint kernel;             /* major * 1000 + minor, 0: unknown */
    SpmNodeset *online;       /* nodes */
    SpmNodeset *possible;     /* nodes; empty when unknown */
    const char *online_why, *possible_why;
    GPtrArray *nodes;         /* SpmHostNode, by number */
    GPtrArray *dax;           /* SpmHostDax, by name */
    const char *dax_why;      /* why there can be no dax devices */
    GArray *ranges;           /* SpmHostRange, soft reserved, by start */
    const char *iomem_why, *memmap_why; /* why a source is silent, or NULL */
    GPtrArray *accelerators;  /* SpmHostAccelerator, by address */
    const char *pci_why;
    GArray *page_sizes;       /* guint64, every hugepage size of the host, smallest first */
    SpmHostValue block_size;  /* of memory hotplug, bytes */
    SpmHostValue movable_gigantic; /* vm.movable_gigantic_pages */
    SpmHostValue cpu_family, cpu_model; /* x86 */
    gboolean dax_hmem_loaded, kmem_loaded, device_dax_loaded;
    GPtrArray *problems;      /* char *: what contradicts itself */
} SpmHost;

/* Read the host below @root. Never fails: what cannot be read is unknown. */
SpmHost *spm_host_read(SpmHostRoot *root);
void spm_host_free(SpmHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmHost, spm_host_free)

/* NULL when there is no such node. */
SpmHostNode *spm_host_node(const SpmHost *host, guint id);
SpmHostDax *spm_host_dax(const SpmHost *host, const char *name);
SpmHostAccelerator *spm_host_accelerator(const SpmHost *host, const char *address);

/* The kernel's distance between two nodes (10: local). For a node that is not
 * online, that of the node its dax device calls nearest. */
SpmHostValue spm_host_distance(const SpmHost *host, guint from, guint to);

/* Is all its system RAM in zone Movable? FALSE also when unknown. */
gboolean spm_host_node_movable_only(const SpmHostNode *node);

/* The hugepages of @size on the node, or NULL. */
const SpmHostPages *spm_host_node_pages(const SpmHostNode *node, guint64 size);

/* CPUs near the node: its own, else those of .local_nodes. */
const SpmNodeset *spm_host_node_near_cpus(const SpmHostNode *node);

const char *spm_host_class_name(SpmHostClass klass);
/* "no", "system-ram", "devdax". */
const char *spm_host_usable_name(SpmHostUsable usable);
gboolean spm_host_class_parse(const char *name, SpmHostClass *klass);
const char *spm_host_confidence_name(SpmHostConfidence confidence);
const char *spm_host_dax_mode_name(SpmHostDaxMode mode);
const char *spm_host_origin_name(SpmHostOrigin origin);

G_END_DECLS
