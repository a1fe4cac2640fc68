/*
 * host.c: put the description of a host together, and look things up in it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host.h"

#include <string.h>

#include "host/host_parts.h"

static void
node_free(gpointer data)
{
    SpmHostNode *node = data;

    spm_nodeset_free(node->cpus);
    spm_nodeset_free(node->local_cpus);
    spm_nodeset_free(node->local_nodes);
    spm_nodeset_free(node->access[0].initiators);
    spm_nodeset_free(node->access[1].initiators);
    g_array_unref(node->pages);
    g_array_unref(node->zones);
    g_array_unref(node->side_caches);
    g_array_unref(node->distances);
    g_ptr_array_unref(node->next);
    g_ptr_array_unref(node->trace);
    g_free(node->reason);
    g_free(node->usable_why);
    g_free(node);
}

static SpmHostNode *
node_new(guint id)
{
    SpmHostNode *node = g_new0(SpmHostNode, 1);

    node->id = id;
    node->column = -1;
    node->access_class = -1;
    node->cpus = spm_nodeset_new();
    node->local_cpus = spm_nodeset_new();
    node->local_nodes = spm_nodeset_new();
    node->access[0].initiators = spm_nodeset_new();
    node->access[1].initiators = spm_nodeset_new();
    node->pages = g_array_new(FALSE, TRUE, sizeof(SpmHostPages));
    node->zones = g_array_new(FALSE, TRUE, sizeof(SpmHostZone));
    node->side_caches = g_array_new(FALSE, TRUE, sizeof(SpmHostSideCache));
    node->distances = g_array_new(FALSE, TRUE, sizeof(guint16));
    node->next = g_ptr_array_new_with_free_func(g_free);
    node->trace = g_ptr_array_new_with_free_func(g_free);
    return node;
}

/* Where @id is among the nodes, or where it would be put. */
static guint
find_node(const SpmHost *host, guint id, gboolean *found)
{
    guint low = 0, high = host->nodes->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const SpmHostNode *node = g_ptr_array_index(host->nodes, middle);

        if (node->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < host->nodes->len && ((SpmHostNode *)g_ptr_array_index(host->nodes, low))->id == id;
    return low;
}

SpmHostNode *
spm_host_add_node(SpmHost *host, guint id)
{
    gboolean found;
    guint at = find_node(host, id, &found);

    if (!found)
        g_ptr_array_insert(host->nodes, (gint)at, node_new(id));
    return g_ptr_array_index(host->nodes, at);
}

SpmHostNode *
spm_host_node(const SpmHost *host, guint id)
{
    gboolean found;
    guint at = find_node(host, id, &found);

    return found ? g_ptr_array_index(host->nodes, at) : NULL;
}

SpmHostDax *
spm_host_dax(const SpmHost *host, const char *name)
{
    for (guint i = 0; i < host->dax->len; i++) {
        SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (g_str_equal(dax->name, name))
            return dax;
    }
    return NULL;
}

SpmHostAccelerator *
spm_host_accelerator(const SpmHost *host, const char *address)
{
    for (guint i = 0; i < host->accelerators->len; i++) {
        SpmHostAccelerator *accelerator = g_ptr_array_index(host->accelerators, i);

        if (g_str_equal(accelerator->address, address))
            return accelerator;
    }
    return NULL;
}

void
spm_host_problem(SpmHost *host, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(host->problems, g_strdup_vprintf(format, args));
    va_end(args);
}

SpmHost *
spm_host_read(SpmHostRoot *root)
{
    g_autoptr(SpmHost) host = g_new0(SpmHost, 1);

    host->online = spm_nodeset_new();
    host->possible = spm_nodeset_new();
    host->nodes = g_ptr_array_new_with_free_func(node_free);
    host->dax = g_ptr_array_new_with_free_func(spm_host_dax_free);
    host->ranges = g_array_new(FALSE, TRUE, sizeof(SpmHostRange));
    host->accelerators = g_ptr_array_new_with_free_func(spm_host_accelerator_free);
    host->page_sizes = g_array_new(FALSE, TRUE, sizeof(guint64));
    host->problems = g_ptr_array_new_with_free_func(g_free);

    spm_host_read_system(host, root);
    spm_host_read_dax(host, root);
    spm_host_read_nodes(host, root);
    spm_host_read_distances(host, root);
    spm_host_read_pages(host, root);
    spm_host_read_zones(host, root);
    spm_host_read_blocks(host, root);
    spm_host_read_access(host, root);
    spm_host_read_side_caches(host, root);
    spm_host_read_tiers(host, root);
    spm_host_read_soft_reserved(host, root);
    spm_host_read_accelerators(host, root);
    spm_host_find_locality(host);
    return g_steal_pointer(&host);
}

void
spm_host_free(SpmHost *host)
{
    if (!host)
        return;
    spm_nodeset_free(host->online);
    spm_nodeset_free(host->possible);
    g_ptr_array_unref(host->nodes);
    g_ptr_array_unref(host->dax);
    g_array_unref(host->ranges);
    g_ptr_array_unref(host->accelerators);
    g_array_unref(host->page_sizes);
    g_ptr_array_unref(host->problems);
    g_free(host);
}

const SpmHostPages *
spm_host_node_pages(const SpmHostNode *node, guint64 size)
{
    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);

        if (pages->size == size)
            return pages;
    }
    return NULL;
}

gboolean
spm_host_node_movable_only(const SpmHostNode *node)
{
    gboolean movable = FALSE;

    for (guint i = 0; i < node->zones->len; i++) {
        const SpmHostZone *zone = &g_array_index(node->zones, SpmHostZone, i);

        if (g_str_equal(zone->name, "Movable"))
            movable = movable || zone->present > 0;
        /* Zone Device is no system RAM. */
        else if (zone->present > 0 && !g_str_equal(zone->name, "Device"))
            return FALSE;
    }
    return movable || (node->zones->len == 0 && node->blocks.online_movable > 0 && node->blocks.online_normal == 0);
}

const SpmNodeset *
spm_host_node_near_cpus(const SpmHostNode *node)
{
    return spm_nodeset_is_empty(node->cpus) ? node->local_cpus : node->cpus;
}
