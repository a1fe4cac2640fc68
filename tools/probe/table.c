/*
 * table.c: a host as a table for people
 *
 * In the manner of "numactl -H" and "daxctl list -u": sizes in GiB, "?" for
 * what is unknown (--explain and --json have the reasons).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/columns.h"
#include "probe/probe.h"
#include "util/spm_size.h"

static void
heading(GString *out, const char *text)
{
    if (out->len)
        g_string_append_c(out, '\n');
    g_string_append_printf(out, "%s\n", text);
}

/* "2M 16/16 1G 0/0": free and all, size by size. */
static char *
hugepages(const SpmHostNode *node)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);
        g_autofree char *size = spm_probe_short_size(pages->size);

        /* Sizes nobody uses here would only fill the line. */
        if (pages->total.known && pages->total.value == 0)
            continue;
        g_string_append_printf(text, "%s%s ", text->len ? ", " : "", size);
        if (pages->free.known && pages->total.known)
            g_string_append_printf(text, "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, pages->free.value,
                                   pages->total.value);
        else
            g_string_append_c(text, '?');
    }
    if (text->len == 0)
        g_string_append(text, node->pages_why ? "?" : "none");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *
backing(const SpmHostNode *node)
{
    if (node->usable == SPM_HOST_USABLE_SYSTEM_RAM)
        return "system-ram";
    return node->usable == SPM_HOST_USABLE_DEVDAX ? "devdax" : "no";
}

static void
nodes(GString *out, const SpmHost *host)
{
    g_autoptr(SpmColumns) table = spm_columns_new("rlllrrlrrll");
    static const char *const names[] = { "node", "class",     "confidence", "cpus",    "GiB",     "free GiB",
                                         "hugepages free/all", "bandwidth", "latency", "backing", "ready" };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        spm_columns_add(table, "%s", names[i]);
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        g_autofree char *cpus = spm_nodeset_format(node->cpus);
        g_autofree char *total = spm_probe_gib(&node->total);
        g_autofree char *free = spm_probe_gib(&node->free);
        g_autofree char *pages = hugepages(node);
        g_autofree char *bandwidth = spm_probe_bandwidth(&node->bandwidth);

        spm_columns_add(table, "%u", node->id);
        spm_columns_add(table, "%s%s%s", spm_host_class_name(node->klass), node->mixed ? " (mixed)" : "",
                        node->overridden ? " (overridden)" : "");
        spm_columns_add(table, "%s", spm_host_confidence_name(node->confidence));
        spm_columns_add(table, "%s", *cpus ? cpus : node->cpus_why && node->present ? "?" : "-");
        /* A node that is not there yet has none, rather than an unknown amount. */
        spm_columns_add(table, "%s", node->present ? total : "-");
        spm_columns_add(table, "%s", node->present ? free : "-");
        spm_columns_add(table, "%s", node->present ? pages : "-");
        spm_columns_add(table, "%s", bandwidth);
        if (node->latency.known)
            spm_columns_add(table, "%" G_GUINT64_FORMAT " ns", node->latency.value);
        else
            spm_columns_add(table, "?");
        spm_columns_add(table, "%s", backing(node));
        spm_columns_add(table, "%s", !spm_host_class_is_spm(node->klass) ? "-" : node->ready ? "yes" : "no");
    }
    spm_columns_print(table, out, "");
}

static void
reasons(GString *out, const SpmHost *host)
{
    heading(out, "why");
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        g_string_append_printf(out, "  node %u: %s", node->id, node->reason);
        if (!node->overridden)
            g_string_append_printf(out, " (rule %u)", node->rule);
        for (guint j = 0; j < node->side_caches->len; j++) {
            const SpmHostSideCache *cache = &g_array_index(node->side_caches, SpmHostSideCache, j);
            g_autofree char *size = spm_probe_gib(&cache->size);

            g_string_append_printf(out, "; behind a memory-side cache of %s GiB, whose memory cannot be used", size);
        }
        if (spm_host_class_is_spm(node->klass))
            g_string_append_printf(out, "; %s", node->usable_why);
        g_string_append_c(out, '\n');
    }
}

static void
dax_devices(GString *out, const SpmHost *host)
{
    g_autoptr(SpmColumns) table = spm_columns_new("lrrrlll");
    static const char *const names[] = { "device", "GiB", "align", "node", "mode", "origin", "at" };

    if (host->dax->len == 0)
        return;
    heading(out, "dax devices");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        spm_columns_add(table, "%s", names[i]);
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);
        g_autofree char *size = spm_probe_gib(&dax->size);
        g_autofree char *align = dax->align.known ? spm_probe_short_size(dax->align.value) : g_strdup("?");

        spm_columns_add(table, "%s", dax->name);
        spm_columns_add(table, "%s", size);
        spm_columns_add(table, "%s", align);
        if (dax->target_node.known)
            spm_columns_add(table, "%" G_GUINT64_FORMAT, dax->target_node.value);
        else
            spm_columns_add(table, "?");
        spm_columns_add(table, "%s", spm_host_dax_mode_name(dax->mode));
        spm_columns_add(table, "%s", spm_host_origin_name(dax->origin));
        if (dax->resource.known)
            spm_columns_add(table, "0x%" G_GINT64_MODIFIER "x", dax->resource.value);
        else
            spm_columns_add(table, "?");
    }
    spm_columns_print(table, out, "  ");
}

static void
soft_reserved(GString *out, const SpmHost *host)
{
    if (host->ranges->len == 0)
        return;
    heading(out, "soft reserved");
    for (guint i = 0; i < host->ranges->len; i++) {
        const SpmHostRange *range = &g_array_index(host->ranges, SpmHostRange, i);

        g_string_append_printf(out, "  0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER "x  %.2f GiB", range->start,
                               range->end, (double)(range->end - range->start) / (double)SPM_GIB);
        if (range->unclaimed == 0)
            g_string_append(out, "  claimed by dax devices\n");
        else if (range->claimed_unknown)
            g_string_append(out, "  unknown whether claimed: some dax devices do not tell where they are\n");
        else
            g_string_append_printf(out, "  %.2f GiB unclaimed\n", (double)range->unclaimed / (double)SPM_GIB);
    }
}

static void
accelerators(GString *out, const SpmHost *host)
{
    g_autoptr(SpmColumns) table = spm_columns_new("llllrrl");
    static const char *const names[] = { "address", "id", "class", "driver", "iommu group", "node", "HBM or SPM node" };

    if (host->accelerators->len == 0)
        return;
    heading(out, "accelerators");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        spm_columns_add(table, "%s", names[i]);
    for (guint i = 0; i < host->accelerators->len; i++) {
        const SpmHostAccelerator *device = g_ptr_array_index(host->accelerators, i);
        g_autofree char *nearest = spm_nodeset_format(device->spm_nodes);

        spm_columns_add(table, "%s", device->address);
        if (device->vendor.known && device->device.known)
            spm_columns_add(table, "%04x:%04x", (guint)device->vendor.value & 0xffff,
                            (guint)device->device.value & 0xffff);
        else
            spm_columns_add(table, "?");
        spm_columns_add(table, "%06x", device->pci_class);
        spm_columns_add(table, "%s", device->driver ? device->driver : "none");
        for (guint j = 0; j < 2; j++) {
            const SpmHostValue *value = j ? &device->node : &device->iommu_group;

            if (value->known)
                spm_columns_add(table, "%" G_GUINT64_FORMAT, value->value);
            else
                spm_columns_add(table, "?");
        }
        spm_columns_add(table, "%s", *nearest ? nearest : "?");
    }
    spm_columns_print(table, out, "  ");
}

static void
domains(GString *out, const GPtrArray *usages)
{
    g_autoptr(SpmColumns) table = spm_columns_new("llrl");
    static const char *const names[] = { "domain", "nodes", "GiB", "backing" };

    if (!usages || usages->len == 0)
        return;
    heading(out, "domains");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        spm_columns_add(table, "%s", names[i]);
    for (guint i = 0; i < usages->len; i++) {
        const SpmProbeUsage *usage = g_ptr_array_index(usages, i);
        g_autofree char *on = spm_nodeset_format(usage->nodes);
        g_autofree char *page_size = spm_probe_short_size(usage->page_size);
        g_autofree char *pages =
            usage->page_size ? g_strdup_printf("%s pages", page_size) : g_strdup("ordinary pages");

        spm_columns_add(table, "%s", usage->domain);
        spm_columns_add(table, "%s", *on ? on : "-");
        spm_columns_add(table, "%.2f", (double)usage->bytes / (double)SPM_GIB);
        spm_columns_add(table, "%s", usage->device ? usage->device : pages);
    }
    spm_columns_print(table, out, "  ");
}

static void
next_steps(GString *out, const SpmHost *host)
{
    gsize before;

    heading(out, "next step");
    before = out->len;
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        for (guint j = 0; j < node->next->len; j++)
            g_string_append_printf(out, "  node %u: %s\n", node->id, (char *)g_ptr_array_index(node->next, j));
    }
    for (guint i = 0; i < host->ranges->len; i++) {
        const SpmHostRange *range = &g_array_index(host->ranges, SpmHostRange, i);
        const char *command = spm_host_range_next(host, range);

        if (command)
            g_string_append_printf(out, "  0x%" G_GINT64_MODIFIER "x: %s\n", range->start, command);
    }
    if (out->len == before)
        g_string_append(out, spm_host_has_spm(host) ? "  none: all HBM and Specific-Purpose Memory is ready\n"
                                                    : "  none: this host shows no HBM and no Specific-Purpose Memory\n");
}

static void
distance_matrix(GString *out, const SpmHost *host)
{
    guint n = spm_nodeset_count(host->online);
    g_autofree char *alignment = g_strnfill(n + 1, 'r');
    g_autoptr(SpmColumns) table = spm_columns_new(alignment);

    heading(out, "distances");
    spm_columns_add(table, "node");
    for (int id = spm_nodeset_next(host->online, 0); id >= 0; id = spm_nodeset_next(host->online, (guint)id + 1))
        spm_columns_add(table, "%d", id);
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        if (node->column < 0)
            continue;
        spm_columns_add(table, "%u", node->id);
        for (guint j = 0; j < n; j++) {
            if (j < node->distances->len)
                spm_columns_add(table, "%u", g_array_index(node->distances, guint16, j));
            else
                spm_columns_add(table, "?");
        }
    }
    spm_columns_print(table, out, "  ");
}

char *
spm_probe_table(const SpmHost *host, const GPtrArray *usages, gboolean distances)
{
    g_autoptr(GString) out = g_string_new(NULL);

    nodes(out, host);
    reasons(out, host);
    dax_devices(out, host);
    soft_reserved(out, host);
    accelerators(out, host);
    domains(out, usages);
    if (distances)
        distance_matrix(out, host);
    if (host->problems->len)
        heading(out, "remarks");
    for (guint i = 0; i < host->problems->len; i++)
        g_string_append_printf(out, "  %s\n", (char *)g_ptr_array_index(host->problems, i));
    next_steps(out, host);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
