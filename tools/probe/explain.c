/*
 * explain.c: all that is known about one node, and how its class came about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/probe.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

static void
size_line(GString *out, const char *name, const SpmHostValue *value)
{
    g_autofree char *text = value->known ? spm_size_format(value->value) : NULL;

    if (text)
        g_string_append_printf(out, "  %s: %s\n", name, text);
    else
        g_string_append_printf(out, "  %s: unknown: %s\n", name, spm_host_value_why(value));
}

static void
number_line(GString *out, const char *name, const SpmHostValue *value, const char *unit)
{
    if (value->known)
        g_string_append_printf(out, "  %s: %" G_GUINT64_FORMAT "%s\n", name, value->value, unit);
    else
        g_string_append_printf(out, "  %s: unknown: %s\n", name, spm_host_value_why(value));
}

static void
set_line(GString *out, const char *name, const SpmNodeset *set, const char *why)
{
    g_autofree char *text = spm_nodeset_format(set);

    if (why)
        g_string_append_printf(out, "  %s: unknown: %s\n", name, why);
    else
        g_string_append_printf(out, "  %s: %s\n", name, *text ? text : "none");
}

static void
hugepage_lines(GString *out, const SpmHostNode *node)
{
    if (node->pages_why)
        g_string_append_printf(out, "  hugepages: unknown: %s\n", node->pages_why);
    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);
        g_autofree char *size = spm_size_format(pages->size);
        g_autofree char *free_name = g_strdup_printf("free hugepages of %s", size);
        g_autofree char *total_name = g_strdup_printf("all hugepages of %s", size);

        number_line(out, total_name, &pages->total, "");
        number_line(out, free_name, &pages->free, "");
    }
}

static void
zone_lines(GString *out, const SpmHostNode *node)
{
    for (guint i = 0; i < node->zones->len; i++) {
        const SpmHostZone *zone = &g_array_index(node->zones, SpmHostZone, i);

        if (zone->present)
            g_string_append_printf(out, "  zone %s: %" G_GUINT64_FORMAT " pages\n", zone->name, zone->present);
    }
    if (!node->blocks.why)
        g_string_append_printf(out, "  memory blocks: %u online (%u of them movable), %u offline\n",
                               node->blocks.online_normal + node->blocks.online_movable, node->blocks.online_movable,
                               node->blocks.offline);
}

static void
dax_lines(GString *out, const SpmHost *host, guint id)
{
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);
        g_autofree char *size = NULL;

        if (!dax->target_node.known || dax->target_node.value != id)
            continue;
        size = dax->size.known ? spm_size_format(dax->size.value) : g_strdup("size unknown");
        g_string_append_printf(out, "  dax device: %s, %s, mode %s, origin %s\n", dax->name, size,
                               spm_host_dax_mode_name(dax->mode), spm_host_origin_name(dax->origin));
    }
}

static void
facts(GString *out, const SpmHost *host, const SpmHostNode *node)
{
    g_string_append(out, "facts\n");
    g_string_append_printf(out, "  in sysfs: %s, online: %s\n", node->present ? "yes" : "no",
                           node->online.known && node->online.value ? "yes" : "no");
    set_line(out, "CPUs", node->cpus, node->cpus_why);
    if (spm_nodeset_is_empty(node->cpus))
        set_line(out, "nearest CPUs", node->local_cpus, NULL);
    size_line(out, "memory", &node->total);
    size_line(out, "free", &node->free);
    hugepage_lines(out, node);
    zone_lines(out, node);
    number_line(out, "bandwidth", &node->bandwidth, " MiB/s");
    number_line(out, "latency", &node->latency, " ns");
    if (node->access_class >= 0)
        g_string_append_printf(out, "  speed as seen by: access%d\n", node->access_class);
    number_line(out, "kernel memory tier (DRAM is 4, smaller is faster)", &node->tier, "");
    for (guint i = 0; i < node->side_caches->len; i++)
        size_line(out, "memory-side cache", &g_array_index(node->side_caches, SpmHostSideCache, i).size);
    dax_lines(out, host, node->id);
}

char *
spm_probe_explain(const SpmHost *host, guint id, GError **error)
{
    const SpmHostNode *node = spm_host_node(host, id);
    g_autoptr(GString) out = g_string_new(NULL);

    if (!node) {
        g_autoptr(SpmNodeset) nodes = spm_nodeset_new();
        g_autofree char *text = NULL;

        for (guint i = 0; i < host->nodes->len; i++)
            spm_nodeset_add(nodes, ((const SpmHostNode *)g_ptr_array_index(host->nodes, i))->id);
        text = spm_nodeset_format(nodes);
        g_set_error(error, SPM_ERROR, SPM_ERROR_INVALID_ARG, "the host has no node %u; its nodes are %s", id,
                    *text ? text : "unknown");
        return NULL;
    }
    g_string_append_printf(out, "node %u: %s, confidence %s%s\n", id, spm_host_class_name(node->klass),
                           spm_host_confidence_name(node->confidence), node->mixed ? ", mixed" : "");
    g_string_append_printf(out, "because %s\n\n", node->reason);
    facts(out, host, node);
    g_string_append(out, "\nrules, in order\n");
    for (guint i = 0; i < node->trace->len; i++)
        g_string_append_printf(out, "  %s\n", (char *)g_ptr_array_index(node->trace, i));
    g_string_append_printf(out, "\ncan it back a cell? %s: %s\n", node->usable == SPM_HOST_USABLE_NO ? "no" : "yes",
                           node->usable_why);
    for (guint i = 0; i < node->next->len; i++)
        g_string_append_printf(out, "next: %s\n", (char *)g_ptr_array_index(node->next, i));
    return g_string_free(g_steal_pointer(&out), FALSE);
}
