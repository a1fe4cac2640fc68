/*
 * host_access.c: how fast a node's memory is, as the firmware's HMAT says
 *
 * access1 is the view from CPUs, access0 from the best initiator of any kind,
 * which may be an accelerator (Documentation/admin-guide/mm/numaperf.rst).
 * Both appear only once the node's memory is online.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_parts.h"

#define TIER_DIR "sys/devices/virtual/memory_tiering"

static SpmHostValue
read_figure(SpmHostNode *node, SpmHostRoot *root, guint klass, const char *name)
{
    char path[SPM_HOST_PATH_ROOM];
    SpmHostValue value;

    spm_host_node_path(path, node, "access%u/initiators/%s", klass, name);
    value = spm_host_read_number(root, path, SPM_HOST_NUMBER_DECIMAL, 5002);
    if (value.known && value.value == 0)
        return spm_host_unknown("the kernel says 0: the firmware gives no figure");
    /* 1 EiB/s and 1,000 seconds: a garbled file, not a fast memory. */
    if (value.known && value.value > G_GUINT64_CONSTANT(1) << 40)
        return spm_host_unknown("the figure is beyond reason");
    return value;
}

static SpmHostValue
mean(const SpmHostValue *a, const SpmHostValue *b)
{
    if (a->known && b->known)
        return spm_host_known((a->value + b->value) / 2);
    return a->known ? *a : *b;
}

static void
read_class(SpmHostNode *node, SpmHostRoot *root, guint klass)
{
    SpmHostAccess *access = &node->access[klass];
    char path[SPM_HOST_PATH_ROOM];
    const char *why = NULL;
    g_autoptr(GPtrArray) names = NULL;

    spm_host_node_path(path, node, "access%u/initiators", klass);
    names = spm_host_read_dir(root, path, &why);
    if (!names) {
        access->read_bandwidth =
            spm_host_unknown(why == SPM_HOST_ABSENT ? spm_host_absent_since(root, klass ? 5010 : 5002) : why);
        access->write_bandwidth = access->read_latency = access->write_latency = access->read_bandwidth;
        return;
    }
    access->read_bandwidth = read_figure(node, root, klass, "read_bandwidth");
    access->write_bandwidth = read_figure(node, root, klass, "write_bandwidth");
    access->read_latency = read_figure(node, root, klass, "read_latency");
    access->write_latency = read_figure(node, root, klass, "write_latency");
    for (guint i = 0; i < names->len; i++) {
        gint64 id = spm_host_name_number(g_ptr_array_index(names, i), "node");

        if (id >= 0 && id < SPM_HOST_NODES_MAX)
            spm_nodeset_add(access->initiators, (guint)id);
    }
}

void
spm_host_read_access(SpmHost *host, SpmHostRoot *root)
{
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        if (node->present) {
            read_class(node, root, 0);
            read_class(node, root, 1);
        }
        for (int klass = 1; klass >= 0; klass--) {
            const SpmHostAccess *access = &node->access[klass];

            node->bandwidth = mean(&access->read_bandwidth, &access->write_bandwidth);
            node->latency = mean(&access->read_latency, &access->write_latency);
            if (node->bandwidth.known || node->latency.known) {
                node->access_class = klass;
                break;
            }
        }
        if (!node->present)
            node->bandwidth = node->latency = spm_host_unknown("the node has no directory yet");
    }
}

void
spm_host_read_side_caches(SpmHost *host, SpmHostRoot *root)
{
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        char path[SPM_HOST_PATH_ROOM];
        g_autoptr(GPtrArray) names = NULL;

        spm_host_node_path(path, node, "memory_side_cache");
        names = node->present ? spm_host_read_dir(root, path, NULL) : NULL;
        for (guint j = 0; names && j < names->len && node->side_caches->len < 16; j++) {
            gint64 level = spm_host_name_number(g_ptr_array_index(names, j), "index");
            SpmHostSideCache cache = { .level = (guint)MAX(level, 0) };

            if (level < 0)
                continue;
            spm_host_node_path(path, node, "memory_side_cache/index%u/size", cache.level);
            cache.size = spm_host_read_number(root, path, SPM_HOST_NUMBER_DECIMAL, 0);
            spm_host_node_path(path, node, "memory_side_cache/index%u/line_size", cache.level);
            cache.line_size = spm_host_read_number(root, path, SPM_HOST_NUMBER_DECIMAL, 0);
            g_array_append_val(node->side_caches, cache);
        }
    }
}

void
spm_host_read_tiers(SpmHost *host, SpmHostRoot *root)
{
    const char *why = NULL;
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, TIER_DIR, &why);
    const char *absent = why == SPM_HOST_ABSENT ? spm_host_absent_since(root, 6001) : why;

    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        node->tier = spm_host_unknown(names ? "the node is in no memory tier" : absent);
    }
    for (guint i = 0; names && i < names->len; i++) {
        gint64 tier = spm_host_name_number(g_ptr_array_index(names, i), "memory_tier");
        g_autofree char *path = g_strdup_printf(TIER_DIR "/memory_tier%" G_GINT64_FORMAT "/nodelist", tier);
        g_autofree char *text = tier < 0 ? NULL : spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, NULL);
        g_autoptr(SpmNodeset) nodes = text ? spm_nodeset_parse(text, NULL) : NULL;

        for (int id = nodes ? spm_nodeset_next(nodes, 0) : -1; id >= 0; id = spm_nodeset_next(nodes, (guint)id + 1)) {
            SpmHostNode *node = spm_host_node(host, (guint)id);

            if (node)
                node->tier = spm_host_known((guint64)tier);
        }
    }
}
