/*
 * qemu_command.h: the only place that spells QEMU options
 *
 * What an SPM cell is in QEMU (>= 11.1): a NUMA node, a memory backend, and a
 * device of type sp-mem that puts the one into the other. The same words are
 * needed twice: as argv (virt-spm argv), and as what the stock XML has to say
 * so that libvirt writes that argv (overrides and, for lowering B, arguments).
 *
 * Option texts are those libvirt 11.3 to 12.8 write; the golden tests hold
 * them against the real ones.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conf/numa_link_conf.h"

G_BEGIN_DECLS

/* How a cell becomes stock XML; see docs/architecture.rst. */
typedef enum {
    SPM_LOWERING_A, /* the cell stays, without memory */
    SPM_LOWERING_B, /* the cell is left out; QEMU is told of its node directly */
} SpmLowering;

/* The memory device of cell N has this and N as its alias. libvirt passes on
 * only user aliases that begin with "ua-". */
#define SPM_QEMU_ALIAS_PREFIX "ua-virtspm-cell"
#define SPM_QEMU_ALIAS_RESERVED "ua-virtspm-"
/* libvirt's name for QEMU's thread-context objects (qemu:capabilities). */
#define SPM_QEMU_CAPABILITY_THREAD_CONTEXT "thread-context"
#define SPM_QEMU_DEVICE "sp-mem"
/* The first release with the device; for error messages only. */
#define SPM_QEMU_DEVICE_SINCE "QEMU 11.1"

char *spm_qemu_alias(guint cell);
/* FALSE when @alias is not one of ours. */
gboolean spm_qemu_alias_parse(const char *alias, guint *cell);

/* A property of <qemu:override>: the value is NULL for type "remove". */
typedef struct {
    const char *name;
    const char *type;
    char *value;
} SpmQemuProperty;

/* What turns libvirt's pc-dimm or nvdimm device into cell @cell's sp-mem device. */
GPtrArray *spm_qemu_override(SpmLowering lowering, guint cell);

/* Values of -numa, each freed by the caller. @cpus and @memdev may be NULL,
 * @initiator is -1 for none. */
char *spm_qemu_numa_node(guint id, const SpmNodeset *cpus, int initiator, const char *memdev);
char *spm_qemu_numa_dist(guint from, guint to, guint value);
char *spm_qemu_numa_hmat_lb(const SpmNumaInterconnect *link);
char *spm_qemu_numa_hmat_cache(const SpmNumaCache *cache);

/* Lowering B: the arguments that add the SPM cells' nodes, their distances and
 * their HMAT entries behind libvirt's own, as options and values in turn.
 * @numa describes all cells of the user's document. */
GPtrArray *spm_qemu_node_arguments(const SpmNumaDef *numa, const SpmNumaLinks *links);

/* A memory backend as libvirt writes it. */
typedef struct {
    const char *id;               /* "memua-virtspm-cell1", "ram-node0" */
    const char *source;           /* memoryBacking's source: "memfd", "anonymous" */
    guint64 size;                 /* bytes */
    guint64 page_size;            /* bytes; 0: ordinary pages */
    const char *access;           /* "shared", "private" or NULL */
    const SpmNodeset *host_nodes; /* or NULL */
    const char *policy;           /* "bind", "preferred", "interleave"; NULL without @host_nodes */
    gboolean prealloc;
    guint prealloc_threads;       /* 0: QEMU's own choice */
    gboolean thread_context;
} SpmQemuBackend;

char *spm_qemu_object_backend(const SpmQemuBackend *backend);
char *spm_qemu_object_thread_context(const SpmQemuBackend *backend);
char *spm_qemu_device(SpmLowering lowering, guint cell);

G_END_DECLS
