/*
 * host_rules.c: the rules that decide a node's class, in order
 *
 * What other tools do here differs: hwloc wants twice DRAM's bandwidth, memkind
 * 200 GiB/s or a Xeon Phi. Where a rule's threshold is ours the comment says so.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_rules.h"

#define DECIDE(class_, confidence_, ...)               \
    G_STMT_START {                                     \
        verdict->klass = SPM_HOST_CLASS_##class_;      \
        verdict->confidence = (confidence_);           \
        verdict->words = g_strdup_printf(__VA_ARGS__); \
        return TRUE;                                   \
    } G_STMT_END

#define YES(class_, confidence_, ...) DECIDE(class_, SPM_HOST_CONFIDENCE_##confidence_, __VA_ARGS__)

#define NO(...)                                        \
    G_STMT_START {                                     \
        verdict->words = g_strdup_printf(__VA_ARGS__); \
        return FALSE;                                  \
    } G_STMT_END

static gboolean
nvidia_gpu(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->node->nvidia_gpu)
        YES(GPU, HIGH, "NVIDIA's driver says that this node is the memory of a GPU");
    NO("no GPU driver names this node");
}

static gboolean
kmem_without_node(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->node->present || !facts->kmem)
        NO("the node exists, or driver kmem gives it nothing");
    if (facts->n_kmem_pmem)
        YES(PMEM, LOW, "driver kmem has persistent memory %s for this node, which does not exist", facts->kmem->name);
    if (facts->n_kmem_cxl)
        YES(FAR, LOW, "driver kmem has CXL memory %s for this node, which does not exist", facts->kmem->name);
    YES(UNCLAIMED_SPM, LOW, "driver kmem has %s for this node, which does not exist", facts->kmem->name);
}

static gboolean
idle_dax(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    const SpmHostDax *dax = facts->idle;

    if (!dax || !facts->empty || facts->kmem)
        NO("the node has system RAM, or no dax device outside driver kmem");
    switch (dax->origin) {
    case SPM_HOST_ORIGIN_PMEM:
        YES(PMEM, HIGH, "%s is persistent memory in mode %s", dax->name, spm_host_dax_mode_name(dax->mode));
    case SPM_HOST_ORIGIN_CXL:
        YES(FAR, MEDIUM, "%s is CXL memory in mode %s", dax->name, spm_host_dax_mode_name(dax->mode));
    case SPM_HOST_ORIGIN_SOFT_RESERVED:
        YES(UNCLAIMED_SPM, HIGH, "%s is soft-reserved memory in mode %s", dax->name, spm_host_dax_mode_name(dax->mode));
    case SPM_HOST_ORIGIN_UNKNOWN:
        break;
    }
    YES(NONE, LOW, "%s is in mode %s and its origin is unknown: %s", dax->name, spm_host_dax_mode_name(dax->mode),
        dax->origin_why ? dax->origin_why : "not looked at");
}

static gboolean
kmem_offline(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (!facts->empty || !facts->kmem)
        NO("the node has system RAM, or driver kmem gives it nothing");
    if (facts->n_kmem_pmem == facts->n_kmem)
        YES(PMEM, MEDIUM, "%s is persistent memory, and all its memory blocks are offline", facts->kmem->name);
    if (facts->n_kmem_cxl)
        YES(FAR, MEDIUM, "%s is CXL memory, and all its memory blocks are offline", facts->kmem->name);
    YES(UNCLAIMED_SPM, HIGH, "driver kmem has %s, but all its memory blocks are offline", facts->kmem->name);
}

static gboolean
no_memory(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (!facts->empty)
        NO("the node has memory, or it is unknown whether it has");
    if (!facts->node->present)
        YES(NONE, LOW, "the kernel says this node is online, but it has no directory");
    YES(NONE, HIGH, "the node has no memory%s", facts->has_cpus ? ", only CPUs" : "");
}

static gboolean
shared_target(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    /* Decides nothing: the rules below then look at the rest of the memory. */
    if (!facts->mixed)
        NO("no dax device is only part of the node's memory");
    NO("mixed: driver kmem added %s, which is only part of the node's memory; the class is that of the rest",
       facts->kmem->name);
}

static gboolean
kmem_pmem(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->n_kmem > 0 && !facts->mixed && facts->n_kmem_pmem == facts->n_kmem)
        YES(PMEM, HIGH, "all of it is persistent memory given to driver kmem (%s)", facts->kmem->name);
    NO("not all of it is persistent memory");
}

/* "5.0 times" as its digits before and behind the point. */
#define RATIO_FORMAT "%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT
#define RATIO(a, b) ((a) * 10 / (b) / 10), ((a) * 10 / (b) % 10)

static gboolean
both_bandwidths(const SpmHostFacts *facts)
{
    return facts->node->bandwidth.known && facts->reference->bandwidth.known;
}

static gboolean
kmem_cxl(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->n_kmem == 0 || facts->mixed || facts->n_kmem_cxl == 0)
        NO("it is not CXL memory");
    if (both_bandwidths(facts))
        YES(FAR, HIGH, "it is CXL memory (%s), with " RATIO_FORMAT " times the bandwidth of DRAM", facts->kmem->name,
            RATIO(facts->node->bandwidth.value, facts->reference->bandwidth.value));
    YES(FAR, HIGH, "it is CXL memory (%s)", facts->kmem->name);
}

/* The kernel's own opinion (DRAM is tier 4, smaller is faster) confirms, and
 * never decides: without HMAT it calls all kmem memory slow. */
static SpmHostConfidence
with_tier(const SpmHostNode *node, gboolean fast)
{
    if (node->access_class == 0)
        return SPM_HOST_CONFIDENCE_LOW; /* perhaps an accelerator's view */
    if (node->tier.known && node->tier.value != 4 && (node->tier.value < 4) == fast)
        return SPM_HOST_CONFIDENCE_HIGH;
    return SPM_HOST_CONFIDENCE_MEDIUM;
}

static gboolean
fast(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    const SpmHostNode *node = facts->node;

    if (!node->bandwidth.known)
        NO("its bandwidth is unknown: %s", spm_host_value_why(&node->bandwidth));
    if (!facts->reference->bandwidth.known)
        NO("nothing to compare with: %s", spm_host_value_why(&facts->reference->bandwidth));
    if (node->bandwidth.value <= 2 * facts->reference->bandwidth.value)
        NO("its bandwidth is " RATIO_FORMAT " times that of node %u, not more than 2",
           RATIO(node->bandwidth.value, facts->reference->bandwidth.value), facts->reference->bandwidth_node);
    DECIDE(HBM, with_tier(node, TRUE), "its bandwidth is %" G_GUINT64_FORMAT " MiB/s, " RATIO_FORMAT " times that of node %u",
        node->bandwidth.value, RATIO(node->bandwidth.value, facts->reference->bandwidth.value),
        facts->reference->bandwidth_node);
}

/* Both thresholds are ours; no other tool has any. */
static gboolean
slow(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    const SpmHostNode *node = facts->node;
    const SpmHostReference *reference = facts->reference;

    if (both_bandwidths(facts) && node->bandwidth.value * 2 < reference->bandwidth.value)
        DECIDE(FAR, with_tier(node, FALSE), "its bandwidth is %" G_GUINT64_FORMAT " MiB/s, " RATIO_FORMAT " times that of node %u",
            node->bandwidth.value, RATIO(node->bandwidth.value, reference->bandwidth.value),
            reference->bandwidth_node);
    if (node->latency.known && reference->latency.known && node->latency.value * 2 > reference->latency.value * 3)
        DECIDE(FAR, with_tier(node, FALSE), "its latency is %" G_GUINT64_FORMAT " ns, " RATIO_FORMAT " times that of DRAM",
            node->latency.value, RATIO(node->latency.value, reference->latency.value));
    NO("it is not known to be slower than half of DRAM, or later than 1.5 times");
}

static gboolean
soft_reserved(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->n_kmem_soft == 0 || facts->mixed)
        NO("it is not soft-reserved memory");
    if (both_bandwidths(facts))
        NO("it is soft-reserved memory, but its speed is known and was compared");
    YES(HBM, LOW, "it is Specific-Purpose Memory (%s) of unknown speed: no HMAT", facts->kmem->name);
}

/* Knights Landing and Knights Mill have no HMAT; in flat mode every DRAM node
 * has an MCDRAM node without CPUs beside it. */
static gboolean
xeon_phi(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    const SpmHost *host = facts->host;
    guint nodes = 0, without_cpus = 0;

    if (!host->cpu_family.known || host->cpu_family.value != 6 || !host->cpu_model.known ||
        (host->cpu_model.value != 87 && host->cpu_model.value != 133))
        NO("the CPU is no Xeon Phi");
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        nodes += node->present;
        without_cpus += node->present && spm_nodeset_is_empty(node->cpus);
    }
    if (facts->has_cpus || (nodes != 2 && nodes != 4 && nodes != 8) || without_cpus * 2 != nodes)
        NO("the node has CPUs, or the nodes are not as in flat mode");
    YES(HBM, HIGH, "the CPU is a Xeon Phi in flat mode, and the node has no CPUs: MCDRAM");
}

static gboolean
only_kind(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (!facts->has_cpus || !facts->reference->one_speed)
        NO("the node has no CPUs, or the host has memory of several speeds");
    YES(DRAM, MEDIUM, "the node has CPUs and the host shows one speed of memory: the medium is unknown");
}

static gboolean
no_evidence(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->has_cpus || facts->n_kmem > 0 || facts->node->bandwidth.known)
        NO("the node has CPUs, a dax device or a known speed");
    YES(DRAM, LOW, "the node has no CPUs, and nothing tells what it is: no dax device, no HMAT, no GPU driver");
}

static gboolean
otherwise(const SpmHostFacts *facts, SpmHostVerdict *verdict)
{
    if (facts->n_kmem_soft && !facts->mixed)
        YES(DRAM, LOW, "the firmware reserved it (%s), but it is about as fast as DRAM", facts->kmem->name);
    if (!facts->has_ram)
        YES(DRAM, LOW, "nothing tells what it is, and its memory is unknown: %s",
            spm_host_value_why(&facts->node->total));
    if (facts->has_cpus)
        YES(DRAM, HIGH, "the node has CPUs, and memory that is not faster than other nodes' with CPUs");
    if (both_bandwidths(facts))
        YES(DRAM, MEDIUM, "its bandwidth is " RATIO_FORMAT " times that of node %u, which is DRAM",
            RATIO(facts->node->bandwidth.value, facts->reference->bandwidth.value), facts->reference->bandwidth_node);
    YES(DRAM, LOW, "nothing tells that it is anything else");
}

/* 15 and 14 come early: they are about nodes that have no memory of their own
 * yet, and nothing but their number is late. */
const SpmHostRule spm_host_rules[] = {
    { 1, "a GPU driver names the node", nvidia_gpu },
    { 15, "driver kmem targets a node that does not exist", kmem_without_node },
    { 14, "a dax device outside driver kmem", idle_dax },
    { 2, "memory of driver kmem, all offline", kmem_offline },
    { 3, "no memory", no_memory },
    { 4, "a dax device is only part of the memory", shared_target },
    { 5, "persistent memory", kmem_pmem },
    { 6, "CXL memory", kmem_cxl },
    { 7, "more than twice the bandwidth of DRAM", fast },
    { 8, "less than half the bandwidth of DRAM, or 1.5 times the latency", slow },
    { 9, "soft-reserved memory of unknown speed", soft_reserved },
    { 10, "Xeon Phi in flat mode", xeon_phi },
    { 11, "CPUs, and one speed of memory on the host", only_kind },
    { 12, "no CPUs and no evidence", no_evidence },
    { 13, "otherwise", otherwise },
};
const guint spm_host_n_rules = G_N_ELEMENTS(spm_host_rules);
