/*
 * placement_check.c: cells that cannot be placed whatever is free
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/placement_search.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

static char *
all_sizes(const SpmHost *host)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < host->page_sizes->len; i++) {
        g_autofree char *size = spm_size_format(g_array_index(host->page_sizes, guint64, i));

        g_string_append_printf(text, "%s%s", i ? ", " : "", size);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
check_page_size(const SpmSearch *search, const SpmPlacementCell *cell, GError **error)
{
    g_autofree char *size = spm_size_format(cell->size);
    g_autofree char *page = spm_size_format(cell->page_size);
    g_autofree char *sizes = all_sizes(search->host);

    if (cell->page_size == SPM_PAGE_ORDINARY && !search->policy->ordinary_pages) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "cell %u asks for ordinary pages, but SPM cells need hugepages; the host has %s "
                    "(ordinary-pages=true in [host] of %s allows it)",
                    cell->id, *sizes ? sizes : "none", search->policy->path);
        return FALSE;
    }
    if (cell->size % cell->page_size != 0) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "the size of cell %u, %s, is not a multiple of its page size, %s", cell->id, size, page);
        return FALSE;
    }
    if (cell->page_size == SPM_PAGE_ORDINARY)
        return TRUE;
    for (guint i = 0; i < search->host->page_sizes->len; i++) {
        if (g_array_index(search->host->page_sizes, guint64, i) == cell->page_size)
            return TRUE;
    }
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                "cell %u asks for hugepages of %s, but the host has %s", cell->id, page,
                *sizes ? sizes : "no hugepages");
    return FALSE;
}

static gboolean
check_nodes(const SpmSearch *search, const SpmPlacementCell *cell, GError **error)
{
    g_autofree char *online = spm_nodeset_format(search->host->online);

    if (spm_nodeset_is_empty(cell->nodes)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "the <memnode> of cell %u names no host node",
                    cell->id);
        return FALSE;
    }
    for (int id = spm_nodeset_next(cell->nodes, 0); id >= 0; id = spm_nodeset_next(cell->nodes, (guint)id + 1)) {
        if (spm_host_node(search->host, (guint)id))
            continue;
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "cell %u is bound to host node %d, which does not exist; online are nodes %s "
                    "(spm-host-probe shows them)",
                    cell->id, id, online);
        return FALSE;
    }
    return TRUE;
}

gboolean
spm_placement_check_cell(const SpmSearch *search, const SpmPlacementCell *cell, GError **error)
{
    if (cell->size == 0) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "cell %u has no memory", cell->id);
        return FALSE;
    }
    return (!cell->page_size || check_page_size(search, cell, error)) &&
           (!cell->nodes || check_nodes(search, cell, error));
}
