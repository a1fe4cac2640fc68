/*
 * host_facts.h: what the rules ask about one node
 *
 * Private to src/host: gathered once a node, so that a rule is one condition
 * and one sentence.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"

G_BEGIN_DECLS

/* The DRAM that other memory is compared with. */
typedef struct {
    SpmHostValue bandwidth, latency;
    guint bandwidth_node;
    gboolean one_speed; /* no two nodes' memory is more than twice apart */
} SpmHostReference;

typedef struct {
    const SpmHost *host;
    const SpmHostNode *node;
    const SpmHostReference *reference;
    gboolean has_ram;    /* MemTotal is known and not 0 */
    gboolean empty;      /* MemTotal is known to be 0, or there is no such node (yet) */
    gboolean has_cpus;
    /* Devices whose target is this node: those of driver kmem by origin, and the
     * first of those that are not. */
    guint n_kmem, n_kmem_pmem, n_kmem_cxl, n_kmem_soft;
    guint64 kmem_bytes;
    gboolean kmem_bytes_known;
    const SpmHostDax *kmem; /* the first */
    const SpmHostDax *idle; /* the first that is not kmem's: devdax, famfs, unbound */
    gboolean mixed;      /* kmem memory is only part of it */
} SpmHostFacts;

void spm_host_facts(SpmHostFacts *facts, const SpmHost *host, const SpmHostNode *node);
void spm_host_find_reference(const SpmHost *host, SpmHostReference *reference);

G_END_DECLS
