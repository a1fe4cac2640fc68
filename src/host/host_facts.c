/*
 * host_facts.c: what the rules ask about one node
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_facts.h"

/* When block_size_bytes cannot be read: the smallest block of x86. */
#define DEFAULT_BLOCK (G_GUINT64_CONSTANT(128) << 20)

static void
add_dax(SpmHostFacts *facts, const SpmHostDax *dax)
{
    if (dax->mode != SPM_HOST_DAX_SYSTEM_RAM && !dax->let_go) {
        if (!facts->idle || (facts->idle->mode != SPM_HOST_DAX_DEVDAX && dax->mode == SPM_HOST_DAX_DEVDAX))
            facts->idle = dax;
        return;
    }
    if (!facts->kmem)
        facts->kmem = dax;
    facts->n_kmem++;
    facts->n_kmem_pmem += dax->origin == SPM_HOST_ORIGIN_PMEM;
    facts->n_kmem_cxl += dax->origin == SPM_HOST_ORIGIN_CXL;
    facts->n_kmem_soft += dax->origin == SPM_HOST_ORIGIN_SOFT_RESERVED;
    facts->kmem_bytes_known = facts->kmem_bytes_known && dax->size.known;
    if (dax->size.known)
        facts->kmem_bytes += MIN(dax->size.value, G_MAXUINT64 - facts->kmem_bytes);
}

void
spm_host_facts(SpmHostFacts *facts, const SpmHost *host, const SpmHostNode *node)
{
    guint64 block = host->block_size.known && host->block_size.value ? host->block_size.value : DEFAULT_BLOCK;

    *facts = (SpmHostFacts){ .host = host, .node = node, .kmem_bytes_known = TRUE };
    facts->has_ram = node->total.known && node->total.value > 0;
    facts->empty = node->total.known ? node->total.value == 0
                                     : !node->present || (node->online.known && node->online.value == 0);
    facts->has_cpus = !spm_nodeset_is_empty(node->cpus);
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (dax->target_node.known && dax->target_node.value == node->id)
            add_dax(facts, dax);
    }
    /* Every device may lose up to a block to alignment. */
    facts->mixed = facts->has_ram && facts->n_kmem > 0 && facts->kmem_bytes_known &&
                   facts->kmem_bytes < node->total.value && block < G_MAXUINT64 / (facts->n_kmem + 1) &&
                   node->total.value - facts->kmem_bytes > facts->n_kmem * block;
}

static gboolean
one_speed(const SpmHost *host)
{
    guint64 least = G_MAXUINT64, most = 0;

    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        if (!node->bandwidth.known || !node->total.known || node->total.value == 0)
            continue;
        least = MIN(least, node->bandwidth.value);
        most = MAX(most, node->bandwidth.value);
    }
    return least >= most / 2;
}

/* The slowest memory that CPUs sit on and that is not all made of dax devices:
 * where cores of an HBM machine have HBM of their own, DRAM stays the measure. */
void
spm_host_find_reference(const SpmHost *host, SpmHostReference *reference)
{
    const char *none = "no node with CPUs and ordinary memory tells its speed";

    reference->bandwidth = reference->latency = spm_host_unknown(none);
    reference->one_speed = one_speed(host);
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        SpmHostFacts facts;

        if (spm_nodeset_is_empty(node->cpus) || node->nvidia_gpu)
            continue;
        spm_host_facts(&facts, host, node);
        if (!facts.has_ram || (facts.n_kmem > 0 && !facts.mixed))
            continue;
        if (node->bandwidth.known &&
            (!reference->bandwidth.known || node->bandwidth.value < reference->bandwidth.value)) {
            reference->bandwidth = node->bandwidth;
            reference->bandwidth_node = node->id;
        }
        if (node->latency.known && (!reference->latency.known || node->latency.value > reference->latency.value))
            reference->latency = node->latency;
    }
}
