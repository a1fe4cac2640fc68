/*
 * numa_link_conf.h: how far the guest's NUMA cells are from each other
 *
 * The three tables a cell takes part in: SLIT distances, HMAT latency and
 * bandwidth, HMAT memory-side caches (ACPI 6.2 and later).
 *
 *     <cell id='0' ...><distances><sibling id='1' value='17'/></distances></cell>
 *     <interconnects>
 *       <latency initiator='0' target='1' type='access' value='10'/>
 *       <bandwidth initiator='0' target='1' type='access' value='2048000' unit='KiB'/>
 *     </interconnects>
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conf/numa_conf.h"

G_BEGIN_DECLS

typedef struct {
    guint from, to;
    guint value;         /* 10 is local, up to 254; 255 is unreachable */
    xmlNode *node;       /* <sibling> */
} SpmNumaDistance;

typedef struct {
    gboolean bandwidth;  /* else a latency */
    guint initiator, target;
    guint cache;         /* level of the memory-side cache; 0: the memory itself */
    char *type;          /* "access", "read", "write" */
    guint64 value;       /* nanoseconds, or KiB a second */
    xmlNode *node;       /* <latency> or <bandwidth> */
} SpmNumaInterconnect;

typedef struct {
    guint cell;
    guint level;
    char *associativity; /* "none", "direct", "full" */
    char *policy;        /* "none", "writeback", "writethrough" */
    guint64 size;        /* bytes */
    guint64 line;        /* bytes */
    xmlNode *node;       /* <cache> */
} SpmNumaCache;

typedef struct {
    xmlNode *interconnects_node; /* or NULL */
    GPtrArray *distances;
    GPtrArray *interconnects;
    GPtrArray *caches;
} SpmNumaLinks;

SpmNumaLinks *spm_numa_links_parse(const SpmNumaDef *def, GError **error);
void spm_numa_links_free(SpmNumaLinks *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmNumaLinks, spm_numa_links_free)

gboolean spm_numa_links_have_hmat(const SpmNumaLinks *links);

/* The distance libvirt tells QEMU: as given, else as given in the other
 * direction, else 10 for a cell itself and 20 for any other. */
guint spm_numa_links_distance(const SpmNumaLinks *links, guint from, guint to);

/* The cell whose CPUs reach @cell's memory best, as libvirt chooses it: a cell
 * with CPUs is its own; else the lowest latency, else the highest bandwidth
 * of the interconnects; else the first cell with CPUs. -1 when there is none. */
int spm_numa_links_initiator(const SpmNumaLinks *links, const SpmNumaDef *def, guint cell);

G_END_DECLS
