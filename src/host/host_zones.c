/*
 * host_zones.c: zones and memory blocks
 *
 * Whether a node's memory is in zone Movable decides which hugepages it can
 * give: the kernel refuses 1 GiB pages there unless
 * vm.movable_gigantic_pages=1 (Linux 7.2).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <string.h>

#include "host/host_parts.h"

static const char *const zone_names[] = { "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device" };

static const char *
known_zone(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(zone_names); i++) {
        if (g_str_equal(name, zone_names[i]))
            return zone_names[i];
    }
    return NULL;
}

/* "Node 0, zone   Normal": the zone it opens, or NULL. */
static SpmHostZone *
open_zone(SpmHost *host, const char *line)
{
    SpmHostZone zone = { 0 };
    SpmHostNode *node;
    char name[16];
    guint id;

    /* Eight digits always fit. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(line, "Node %8u, zone %15s", &id, name) != 2)
        return NULL;
    node = spm_host_node(host, id);
    zone.name = known_zone(name);
    if (!node || !zone.name)
        return NULL;
    for (guint i = 0; i < node->zones->len; i++) {
        if (g_str_equal(g_array_index(node->zones, SpmHostZone, i).name, name))
            return NULL;
    }
    g_array_append_val(node->zones, zone);
    return &g_array_index(node->zones, SpmHostZone, node->zones->len - 1);
}

void
spm_host_read_zones(SpmHost *host, SpmHostRoot *root)
{
    g_autofree char *text = spm_host_read_text(root, "proc/zoneinfo", SPM_HOST_LIMIT_PROC, NULL);
    SpmHostZone *zone = NULL;

    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');

        if (end)
            *end = '\0';
        if (g_str_has_prefix(line, "Node "))
            zone = open_zone(host, line);
        else if (zone && g_str_has_prefix(line, "        present "))
            spm_host_parse_number(line + strlen("        present "), SPM_HOST_NUMBER_DECIMAL, &zone->present);
        else if (zone && g_str_has_prefix(line, "        managed "))
            spm_host_parse_number(line + strlen("        managed "), SPM_HOST_NUMBER_DECIMAL, &zone->managed);
        line = end ? end + 1 : NULL;
    }
}

/* A block that is offline lists the zones it could go to, one that is online
 * the zone it is in. */
static void
count_block(SpmHostNode *node, SpmHostRoot *root, const char *name)
{
    char path[SPM_HOST_PATH_ROOM];
    g_autofree char *state = NULL;
    g_autofree char *zones = NULL;

    spm_host_node_path(path, node, "%.32s/state", name);
    state = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, &node->blocks.why);
    if (!state)
        return;
    if (!g_str_has_prefix(state, "online")) {
        node->blocks.offline++;
        return;
    }
    spm_host_node_path(path, node, "%.32s/valid_zones", name);
    zones = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, NULL);
    if (zones && g_str_has_prefix(zones, "Movable"))
        node->blocks.online_movable++;
    else
        node->blocks.online_normal++;
}

static gboolean
fed_by_dax(const SpmHost *host, const SpmHostNode *node)
{
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (dax->target_node.known && dax->target_node.value == node->id)
            return TRUE;
    }
    return FALSE;
}

void
spm_host_read_blocks(SpmHost *host, SpmHostRoot *root)
{
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        char path[SPM_HOST_PATH_ROOM];
        g_autoptr(GPtrArray) names = NULL;

        if (!node->present || (!spm_nodeset_is_empty(node->cpus) && !fed_by_dax(host, node))) {
            node->blocks.why = "not looked at";
            continue;
        }
        spm_host_node_path(path, node, ".");
        names = spm_host_read_dir(root, path, &node->blocks.why);
        for (guint j = 0; names && j < names->len; j++) {
            const char *name = g_ptr_array_index(names, j);

            if (spm_host_name_number(name, "memory") >= 0)
                count_block(node, root, name);
        }
    }
}
