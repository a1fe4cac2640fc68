/*
 * host_classify.c: what kind of memory each node has, and how a cell can get it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_classify.h"

#include "host/host_rules.h"
#include "host/host_usable.h"

gboolean
spm_host_class_is_spm(SpmHostClass klass)
{
    return klass == SPM_HOST_CLASS_HBM || klass == SPM_HOST_CLASS_UNCLAIMED_SPM;
}

static void
decide(const SpmHostFacts *facts, SpmHostNode *node)
{
    for (guint i = 0; i < spm_host_n_rules; i++) {
        const SpmHostRule *rule = &spm_host_rules[i];
        SpmHostVerdict verdict = { 0 };
        gboolean applies = rule->applies(facts, &verdict);

        g_ptr_array_add(node->trace, g_strdup_printf("rule %u, %s: %s: %s", rule->number, rule->title,
                                                     applies ? "yes" : "no", verdict.words));
        if (applies) {
            node->klass = node->klass_by_rule = verdict.klass;
            node->confidence = verdict.confidence;
            node->rule = rule->number;
            node->reason = verdict.words;
            return;
        }
        g_free(verdict.words);
    }
}

static void
override(const SpmHostConfig *config, SpmHostNode *node)
{
    g_autofree char *by_rule = node->reason;
    SpmHostClass klass;

    if (!spm_host_config_class(config, node->id, &klass)) {
        node->reason = g_steal_pointer(&by_rule);
        return;
    }
    node->overridden = TRUE;
    node->klass = klass;
    node->confidence = SPM_HOST_CONFIDENCE_HIGH;
    node->reason = g_strdup_printf("%s says %s; by rule %u it would be %s: %s", config->path,
                                   spm_host_class_name(klass), node->rule, spm_host_class_name(node->klass_by_rule),
                                   by_rule);
    g_ptr_array_add(node->trace, g_strdup_printf("overridden: %s, [host] node%u-class=%s", config->path, node->id,
                                                 spm_host_class_name(klass)));
}

static gint64
distance_or_far(const SpmHost *host, guint from, guint to)
{
    SpmHostValue distance = spm_host_distance(host, from, to);

    return distance.known ? (gint64)distance.value : G_MAXINT64;
}

/* Its own node when that is SPM, else the nearest of that kind; several when
 * they are equally near. */
static void
find_spm_nodes(const SpmHost *host, SpmHostAccelerator *accelerator)
{
    gint64 best = G_MAXINT64;

    if (!accelerator->node.known) {
        accelerator->spm_why = spm_host_value_why(&accelerator->node);
        return;
    }
    accelerator->spm_why = "no node with HBM or Specific-Purpose Memory has a known distance to it";
    for (int pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < host->nodes->len; i++) {
            const SpmHostNode *node = g_ptr_array_index(host->nodes, i);
            gint64 distance;

            if (!spm_host_class_is_spm(node->klass))
                continue;
            distance = node->id == accelerator->node.value
                           ? 0
                           : distance_or_far(host, (guint)accelerator->node.value, node->id);
            if (pass == 0)
                best = MIN(best, distance);
            else if (distance == best && best != G_MAXINT64) {
                spm_nodeset_add(accelerator->spm_nodes, node->id);
                accelerator->spm_why = NULL;
            }
        }
    }
}

void
spm_host_classify(SpmHost *host, const SpmHostConfig *config)
{
    SpmHostReference reference;

    spm_host_find_reference(host, &reference);
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        SpmHostFacts facts;

        spm_host_facts(&facts, host, node);
        facts.reference = &reference;
        node->mixed = facts.mixed;
        decide(&facts, node);
        override(config, node);
        spm_host_find_usable(&facts, node);
    }
    for (guint i = 0; i < host->accelerators->len; i++)
        find_spm_nodes(host, g_ptr_array_index(host->accelerators, i));
}

SpmHostClass
spm_host_dax_class(const SpmHost *host, const SpmHostDax *dax)
{
    const SpmHostNode *node = dax->target_node.known ? spm_host_node(host, (guint)dax->target_node.value) : NULL;

    if (node && (!node->total.known || node->total.value == 0))
        return node->klass;
    switch (dax->origin) {
    case SPM_HOST_ORIGIN_PMEM:
        return SPM_HOST_CLASS_PMEM;
    case SPM_HOST_ORIGIN_CXL:
        return SPM_HOST_CLASS_FAR;
    case SPM_HOST_ORIGIN_SOFT_RESERVED:
        return dax->mode == SPM_HOST_DAX_SYSTEM_RAM && node ? node->klass : SPM_HOST_CLASS_UNCLAIMED_SPM;
    case SPM_HOST_ORIGIN_UNKNOWN:
        break;
    }
    return SPM_HOST_CLASS_NONE;
}

gboolean
spm_host_has_spm(const SpmHost *host)
{
    for (guint i = 0; i < host->nodes->len; i++) {
        if (spm_host_class_is_spm(((const SpmHostNode *)g_ptr_array_index(host->nodes, i))->klass))
            return TRUE;
    }
    for (guint i = 0; i < host->dax->len; i++) {
        if (spm_host_class_is_spm(spm_host_dax_class(host, g_ptr_array_index(host->dax, i))))
            return TRUE;
    }
    for (guint i = 0; i < host->ranges->len; i++) {
        const SpmHostRange *range = &g_array_index(host->ranges, SpmHostRange, i);

        if (range->unclaimed > 0 && !range->claimed_unknown)
            return TRUE;
    }
    return FALSE;
}

const char *
spm_host_range_next(const SpmHost *host, const SpmHostRange *range)
{
    if (range->unclaimed == 0 || range->claimed_unknown)
        return NULL;
    if (host->dax_hmem_loaded)
        return "# dax_hmem is loaded but made no device for this range: see dmesg, and CONFIG_DEV_DAX_HMEM";
    return "modprobe dax_hmem";
}
