/*
 * placement_candidates.c: all ways to back one cell, best first
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_classify.h"
#include "host/placement_search.h"

void
spm_candidate_free(gpointer data)
{
    SpmCandidate *candidate = data;

    spm_nodeset_free(candidate->nodes);
    g_free(candidate);
}

gboolean
spm_placement_allowed(const SpmSearch *search, SpmHostClass klass)
{
    return spm_host_config_allows(search->policy, klass);
}

gboolean
spm_placement_has_ram(const SpmHostNode *node)
{
    return node && node->total.known && node->total.value > 0 && node->online.known && node->online.value;
}

static SpmCandidate *
add_candidate(GPtrArray *candidates, SpmBackingKind kind, const SpmNodeset *nodes)
{
    SpmCandidate *candidate = g_new0(SpmCandidate, 1);

    candidate->kind = kind;
    candidate->nodes = spm_nodeset_copy(nodes);
    g_ptr_array_add(candidates, candidate);
    return candidate;
}

/* The user's page size, else the largest that divides the cell and fits. */
static gboolean
find_page_size(const SpmSearch *search, const SpmPlacementCell *cell, const SpmNodeset *nodes, guint64 *page_size)
{
    const GArray *sizes = search->host->page_sizes;

    for (guint i = sizes->len; i > 0; i--) {
        guint64 size = g_array_index(sizes, guint64, i - 1);

        if (cell->page_size ? cell->page_size != size : cell->size % size != 0)
            continue;
        if (spm_pool_fits(&search->pool, nodes, size, cell->size)) {
            *page_size = size;
            return TRUE;
        }
    }
    *page_size = 0;
    return (!cell->page_size || cell->page_size == SPM_PAGE_ORDINARY) && search->policy->ordinary_pages &&
           spm_pool_fits(&search->pool, nodes, 0, cell->size);
}

static SpmCandidate *
add_ram(const SpmSearch *search, const SpmPlacementCell *cell, const SpmNodeset *nodes, GPtrArray *candidates)
{
    SpmCandidate *candidate;
    guint64 page_size;

    if (!find_page_size(search, cell, nodes, &page_size))
        return NULL;
    candidate = add_candidate(candidates, SPM_BACKING_SYSTEM_RAM, nodes);
    candidate->page_size = page_size;
    candidate->left_over = spm_pool_available(&search->pool, nodes, page_size) - cell->size;
    candidate->not_recorded = !cell->recorded_nodes || !spm_nodeset_equal(cell->recorded_nodes, nodes) ||
                              cell->recorded_device != NULL;
    return candidate;
}

/* Devices have no hugepages; their alignment stands for the page size. */
static SpmCandidate *
add_device(const SpmSearch *search, const SpmPlacementCell *cell, const SpmHostDax *dax, GPtrArray *candidates)
{
    g_autoptr(SpmNodeset) nodes = spm_nodeset_new();
    SpmCandidate *candidate;

    if (dax->mode != SPM_HOST_DAX_DEVDAX || !dax->size.known || !dax->align.known || cell->size > dax->size.value ||
        cell->size % dax->align.value != 0 || (cell->page_size && dax->align.value % cell->page_size != 0) ||
        spm_pool_device_owner(&search->pool, dax->name))
        return NULL;
    if (dax->target_node.known)
        spm_nodeset_add(nodes, (guint)dax->target_node.value);
    candidate = add_candidate(candidates, SPM_BACKING_DEVDAX, nodes);
    candidate->dax = dax;
    candidate->left_over = dax->size.value - cell->size;
    candidate->not_recorded = g_strcmp0(cell->recorded_device, dax->name) != 0;
    return candidate;
}

/* The nodes the user named: their RAM; where it is one node, also its devices.
 * Where the node's RAM is no SPM and the device's memory is, the device comes
 * first, because that is what the cell asks for. */
static void
explicit_candidates(const SpmSearch *search, const SpmPlacementCell *cell, GPtrArray *candidates)
{
    gboolean all_ram = TRUE, spm_ram = TRUE;

    for (int id = spm_nodeset_next(cell->nodes, 0); id >= 0; id = spm_nodeset_next(cell->nodes, (guint)id + 1)) {
        const SpmHostNode *node = spm_host_node(search->host, (guint)id);

        all_ram = all_ram && spm_placement_has_ram(node);
        spm_ram = spm_ram && node && spm_host_class_is_spm(node->klass);
    }
    if (all_ram) {
        SpmCandidate *candidate = add_ram(search, cell, cell->nodes, candidates);

        if (candidate)
            candidate->not_preferred = 1;
    }
    for (guint i = 0; spm_nodeset_count(cell->nodes) == 1 && i < search->host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(search->host->dax, i);
        SpmCandidate *candidate;

        if (!dax->target_node.known || !spm_nodeset_has(cell->nodes, (guint)dax->target_node.value))
            continue;
        candidate = add_device(search, cell, dax, candidates);
        if (candidate)
            candidate->not_preferred = spm_ram || !spm_host_class_is_spm(spm_host_dax_class(search->host, dax)) ? 2 : 0;
    }
}

static void
automatic_candidates(const SpmSearch *search, const SpmPlacementCell *cell, GPtrArray *candidates)
{
    for (guint i = 0; i < search->host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(search->host->nodes, i);
        g_autoptr(SpmNodeset) nodes = NULL;

        if (!spm_placement_allowed(search, node->klass) || !spm_placement_has_ram(node))
            continue;
        nodes = spm_nodeset_new();
        spm_nodeset_add(nodes, node->id);
        add_ram(search, cell, nodes, candidates);
    }
    for (guint i = 0; i < search->host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(search->host->dax, i);

        if (spm_placement_allowed(search, spm_host_dax_class(search->host, dax)))
            add_device(search, cell, dax, candidates);
    }
}

static gboolean
taken_by_other_cell(const SpmSearch *search, const SpmNodeset *nodes)
{
    for (guint i = 0; i < search->found->len; i++) {
        const SpmBacking *backing = g_ptr_array_index(search->found, i);

        if (spm_nodeset_intersects(backing->nodes, nodes))
            return TRUE;
    }
    return FALSE;
}

static void
rank(const SpmSearch *search, SpmCandidate *candidate)
{
    int node = spm_nodeset_next(candidate->nodes, 0);

    if (!spm_nodeset_intersects(search->accelerator_nodes, candidate->nodes))
        candidate->accelerator = 2;
    else
        candidate->accelerator = taken_by_other_cell(search, candidate->nodes) ? 1 : 0;
    for (int from = spm_nodeset_next(search->pinned_nodes, 0); from >= 0;
         from = spm_nodeset_next(search->pinned_nodes, (guint)from + 1)) {
        SpmHostValue distance = node < 0 ? spm_host_unknown(NULL) : spm_host_distance(search->host, (guint)from, (guint)node);

        /* Unknown counts as farther than anything. */
        candidate->distance += distance.known ? distance.value : G_MAXUINT32;
    }
}

#define BY(member)               \
    if (a->member != b->member) \
    return a->member < b->member ? -1 : 1

static gint
compare_candidates(gconstpointer left, gconstpointer right)
{
    const SpmCandidate *a = *(const SpmCandidate *const *)left, *b = *(const SpmCandidate *const *)right;

    BY(not_recorded);
    BY(not_preferred);
    BY(accelerator);
    BY(distance);
    BY(left_over);
    BY(kind);
    if (a->dax && b->dax)
        return g_strcmp0(a->dax->name, b->dax->name);
    return spm_nodeset_next(a->nodes, 0) - spm_nodeset_next(b->nodes, 0);
}

GPtrArray *
spm_placement_candidates(const SpmSearch *search, const SpmPlacementCell *cell)
{
    GPtrArray *candidates = g_ptr_array_new_with_free_func(spm_candidate_free);

    if (cell->nodes)
        explicit_candidates(search, cell, candidates);
    else
        automatic_candidates(search, cell, candidates);
    for (guint i = 0; i < candidates->len; i++)
        rank(search, g_ptr_array_index(candidates, i));
    g_ptr_array_sort(candidates, compare_candidates);
    return candidates;
}
