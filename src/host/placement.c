/*
 * placement.c: which memory of the host stands behind each SPM cell of a domain
 *
 * A depth-first search: cells that have least choice first, the best candidate
 * of each first, and back when a later cell finds nothing. So a domain is not
 * refused because its first cell took the place its second one needed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/placement.h"

#include "host/host_classify.h"
#include "host/placement_search.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

/* What a search may cost before second choices are no longer tried, counted in
 * looks at one claim for one node and page size, some 0.1 us each. The first
 * choices of 8 cells on 20 nodes cost a few thousand. */
#define WORK_MAX 2000000

/* No guest has more nodes: QEMU ends at 128 (MAX_NODES). */
#define CELLS_MAX 128U

static guint
threads_for(const SpmHost *host, const SpmNodeset *nodes, guint64 pages)
{
    g_autoptr(SpmNodeset) cpus = spm_nodeset_new();

    for (int id = spm_nodeset_next(nodes, 0); id >= 0; id = spm_nodeset_next(nodes, (guint)id + 1)) {
        const SpmHostNode *node = spm_host_node(host, (guint)id);

        if (node)
            spm_nodeset_union(cpus, spm_host_node_near_cpus(node));
    }
    return (guint)MAX(1, MIN(pages, spm_nodeset_count(cpus)));
}

static char *
words(const SpmSearch *search, const SpmPlacementCell *cell, const SpmCandidate *candidate)
{
    const SpmHostNode *node = spm_host_node(search->host, (guint)MAX(spm_nodeset_next(candidate->nodes, 0), 0));
    const char *klass = spm_host_class_name(candidate->dax ? spm_host_dax_class(search->host, candidate->dax)
                                            : node         ? node->klass
                                                           : SPM_HOST_CLASS_NONE);

    if (cell->nodes)
        return g_strdup_printf("the domain names the node (%s)", klass);
    if (!candidate->not_recorded)
        return g_strdup_printf("%s; it was here before and still fits", klass);
    if (candidate->accelerator < 2)
        return g_strdup_printf("%s; the node of the domain's accelerator", klass);
    if (!spm_nodeset_is_empty(search->accelerator_nodes)) {
        g_autofree char *nodes = spm_nodeset_format(search->accelerator_nodes);

        return g_strdup_printf("%s; there is no room near the domain's accelerator, on node %s", klass, nodes);
    }
    if (!spm_nodeset_is_empty(search->pinned_nodes))
        return g_strdup_printf("%s; of those with room the nearest to the CPUs the domain is pinned to", klass);
    return g_strdup_printf("%s; the tightest fit", klass);
}

static SpmBacking *
backing_of(const SpmSearch *search, const SpmPlacementCell *cell, const SpmCandidate *candidate)
{
    SpmBacking *backing = g_new0(SpmBacking, 1);
    guint64 page = candidate->page_size ? candidate->page_size : 4 * SPM_KIB;

    backing->cell = cell->id;
    backing->kind = candidate->kind;
    backing->automatic = cell->nodes == NULL;
    backing->nodes = spm_nodeset_copy(candidate->nodes);
    backing->page_size = candidate->page_size;
    backing->why = words(search, cell, candidate);
    if (candidate->dax) {
        backing->device = g_strdup(candidate->dax->name);
        backing->path = g_strconcat("/dev/", candidate->dax->name, NULL);
        backing->align = candidate->dax->align.value;
    } else {
        backing->threads = threads_for(search->host, candidate->nodes, cell->size / page);
    }
    return backing;
}

static void
note_refusal(SpmSearch *search, const SpmPlacementCell *cell, guint depth)
{
    if (search->refusal && depth <= search->refusal_depth)
        return;
    g_clear_error(&search->refusal);
    spm_placement_refuse(search, cell, &search->refusal);
    search->refusal_depth = depth;
}

static gboolean
place_from(SpmSearch *search, guint depth)
{
    const SpmPlacementCell *cell;
    g_autoptr(GPtrArray) candidates = NULL;

    if (depth == search->order->len)
        return TRUE;
    cell = g_ptr_array_index(search->order, depth);
    candidates = spm_placement_candidates(search, cell);
    search->work += (guint64)(search->host->nodes->len + search->host->dax->len) *
                    (search->host->page_sizes->len + 1) * (search->pool.claims->len + 1);
    if (candidates->len == 0)
        note_refusal(search, cell, depth);
    for (guint i = 0; i < candidates->len && (i == 0 || search->work < WORK_MAX); i++) {
        const SpmCandidate *candidate = g_ptr_array_index(candidates, i);

        spm_pool_push(&search->pool, candidate->nodes, candidate->page_size, cell->size,
                      candidate->dax ? candidate->dax->name : NULL);
        g_ptr_array_add(search->found, backing_of(search, cell, candidate));
        if (place_from(search, depth + 1))
            return TRUE;
        g_ptr_array_remove_index(search->found, search->found->len - 1);
        spm_pool_pop(&search->pool);
    }
    return FALSE;
}

/* Cells with nodes of their own first, then the largest, then by number. */
static gint
compare_cells(gconstpointer left, gconstpointer right)
{
    const SpmPlacementCell *a = *(const SpmPlacementCell *const *)left, *b = *(const SpmPlacementCell *const *)right;

    if ((a->nodes == NULL) != (b->nodes == NULL))
        return a->nodes ? -1 : 1;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void
find_neighbours(SpmSearch *search)
{
    for (guint i = 0; i < search->request->devices->len; i++) {
        const SpmHostAccelerator *device =
            spm_host_accelerator(search->host, g_ptr_array_index(search->request->devices, i));

        if (device)
            spm_nodeset_union(search->accelerator_nodes, device->spm_nodes);
    }
    for (guint i = 0; i < search->host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(search->host->nodes, i);

        if (spm_nodeset_intersects(node->cpus, search->request->cpus))
            spm_nodeset_add(search->pinned_nodes, node->id);
    }
}

/* From the order of the search to that of the request. */
static GPtrArray *
in_order_of_request(SpmSearch *search)
{
    GPtrArray *ordered = g_ptr_array_new_with_free_func((GDestroyNotify)spm_backing_free);

    for (guint i = 0; i < search->request->cells->len; i++) {
        guint at;

        g_ptr_array_find(search->order, g_ptr_array_index(search->request->cells, i), &at);
        g_ptr_array_add(ordered, g_steal_pointer(&g_ptr_array_index(search->found, at)));
    }
    return ordered;
}

static GPtrArray *
find(SpmSearch *search, GError **error)
{
    if (search->request->cells->len > CELLS_MAX) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "%u SPM cells are more than the %u that are placed",
                    search->request->cells->len, CELLS_MAX);
        return NULL;
    }
    for (guint i = 0; i < search->request->cells->len; i++) {
        SpmPlacementCell *cell = g_ptr_array_index(search->request->cells, i);

        if (!spm_placement_check_cell(search, cell, error))
            return NULL;
        g_ptr_array_add(search->order, cell);
    }
    g_ptr_array_sort(search->order, compare_cells);
    find_neighbours(search);
    if (place_from(search, 0))
        return in_order_of_request(search);
    g_propagate_error(error, g_steal_pointer(&search->refusal));
    return NULL;
}

GPtrArray *
spm_placement_find(const SpmHost *host, const SpmPlacementRequest *request, const GPtrArray *promises,
                   const SpmHostConfig *policy, GError **error)
{
    g_autoptr(SpmHostConfig) defaults = policy ? NULL : spm_host_config_new();
    g_autoptr(SpmNodeset) accelerator_nodes = spm_nodeset_new();
    g_autoptr(SpmNodeset) pinned_nodes = spm_nodeset_new();
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)spm_backing_free);
    SpmSearch search = {
        .host = host,
        .request = request,
        .policy = policy ? policy : defaults,
        .accelerator_nodes = accelerator_nodes,
        .pinned_nodes = pinned_nodes,
        .order = order,
        .found = found,
    };
    GPtrArray *backings;

    spm_pool_init(&search.pool, host, promises);
    backings = find(&search, error);
    spm_pool_clear(&search.pool);
    g_clear_error(&search.refusal);
    return backings;
}
