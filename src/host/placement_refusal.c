/*
 * placement_refusal.c: say why a cell cannot be placed, and what makes room
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_classify.h"
#include "host/host_usable.h"
#include "host/placement_search.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

/* Nodes that are listed in one message; spm-host-probe shows the rest. */
#define NODES_SHOWN 4

/* The page size to talk about: the user's, else the largest that divides the
 * cell and that the node can make. */
static guint64
size_to_reserve(const SpmSearch *search, const SpmPlacementCell *cell, const SpmHostNode *node)
{
    const GArray *sizes = search->host->page_sizes;
    guint64 fallback = 0;

    if (cell->page_size && cell->page_size != SPM_PAGE_ORDINARY)
        return cell->page_size;
    for (guint i = sizes->len; i > 0; i--) {
        guint64 size = g_array_index(sizes, guint64, i - 1);

        if (cell->size % size != 0)
            continue;
        fallback = size;
        if (!spm_host_size_refused(search->host, node, size) && node->free.known && node->free.value >= cell->size)
            return size;
    }
    return fallback;
}

/* Pages of another size that lie idle and would be enough together with the
 * free memory, as the command that gives them back. */
static char *
command_to_free(const SpmHostNode *node, guint64 size, guint64 missing)
{
    if (!node->free.known || node->free.value >= missing)
        return NULL;
    missing -= node->free.value;
    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);
        guint64 count = missing / pages->size + (missing % pages->size != 0);

        if (pages->size != size && pages->free.known && pages->total.known && pages->free.value >= count)
            return g_strdup_printf("echo %" G_GUINT64_FORMAT " > /sys/devices/system/node/node%u/hugepages/"
                                   "hugepages-%" G_GUINT64_FORMAT "kB/nr_hugepages",
                                   pages->total.value - count, node->id, pages->size / 1024);
    }
    return NULL;
}

/* "147 MiB": to the next smaller whole MiB. */
static char *
whole_mib(guint64 bytes)
{
    g_autofree char *exact = spm_size_format(bytes);

    if (bytes < SPM_MIB || bytes % SPM_MIB == 0)
        return g_steal_pointer(&exact);
    return g_strdup_printf("%" G_GUINT64_FORMAT " MiB", bytes / SPM_MIB);
}

static void
say_way_out(const SpmSearch *search, const SpmHostNode *node, guint64 size, guint64 count, GString *out)
{
    const char *refused = spm_host_size_refused(search->host, node, size);
    guint64 missing = count * size; /* at most the cell's size and a page */
    g_autofree char *reserve = spm_host_reserve_command(node, size, count);
    g_autofree char *memory = NULL;
    g_autofree char *command = NULL;

    if (refused) {
        g_string_append_printf(out, "; %s", refused);
        return;
    }
    if (node->free.known && node->free.value >= missing) {
        g_string_append_printf(out, "; reserve more: %s", reserve);
        return;
    }
    memory = node->free.known ? whole_mib(node->free.value) : g_strdup("an unknown part");
    command = command_to_free(node, size, missing);
    g_string_append_printf(out, "; %s of the node's memory is free, too little for more: ", memory);
    if (command)
        g_string_append_printf(out, "give back pages of another size (%s), then reserve: %s", command, reserve);
    else
        g_string_append(out, "stop or move what uses the node (numastat -m; numastat -p qemu)");
}

static void
say_ram(const SpmSearch *search, const SpmPlacementCell *cell, const SpmHostNode *node, GString *out)
{
    g_autoptr(SpmNodeset) only = spm_nodeset_new();
    guint64 size = size_to_reserve(search, cell, node), needed, free, available;
    g_autofree char *page = spm_size_format(size);

    g_string_append_printf(out, "node %u (%s): ", node->id, spm_host_class_name(node->klass));
    if (size == 0) {
        g_string_append(out, "no hugepage size of the host divides the cell");
        return;
    }
    spm_nodeset_add(only, node->id);
    needed = cell->size / size;
    free = spm_pool_free(&search->pool, only, size) / size;
    available = spm_pool_available(&search->pool, only, size) / size;
    if (cell->size > node->total.value) {
        g_autofree char *total = whole_mib(node->total.value);

        g_string_append_printf(out, "it has only %s of memory in all", total);
        return;
    }
    g_string_append_printf(out, "needed hugepages of %s: %" G_GUINT64_FORMAT ", free: %" G_GUINT64_FORMAT, page, needed,
                           free);
    if (available < free)
        g_string_append_printf(out, ", of these promised to other cells or domains: %" G_GUINT64_FORMAT,
                               free - available);
    if (available < needed)
        say_way_out(search, node, size, needed - available, out);
    else
        g_string_append(out, ", but other cells or domains could then be left without");
}

static void
say_device(const SpmSearch *search, const SpmPlacementCell *cell, const SpmHostDax *dax, GString *out)
{
    const SpmPromise *owner = spm_pool_device_owner(&search->pool, dax->name);
    g_autofree char *size = dax->size.known ? spm_size_format(dax->size.value) : NULL;
    g_autofree char *align = dax->align.known ? spm_size_format(dax->align.value) : NULL;
    g_autofree char *needed = spm_size_format(cell->size);
    g_autofree char *page = spm_size_format(cell->page_size);

    g_string_append_printf(out, "/dev/%s", dax->name);
    if (dax->target_node.known)
        g_string_append_printf(out, " of node %" G_GUINT64_FORMAT, dax->target_node.value);
    if (!size || !align)
        g_string_append_printf(out, ": its %s is unknown: %s", size ? "align" : "size",
                               spm_host_value_why(size ? &dax->align : &dax->size));
    else if (owner)
        g_string_append_printf(out, " is in use by %s", owner->owner ? owner->owner : "another cell");
    else if (cell->size > dax->size.value)
        g_string_append_printf(out, ": needed is %s, it has %s", needed, size);
    else if (cell->size % dax->align.value != 0)
        g_string_append_printf(out, ": %s is not a multiple of its align, %s", needed, align);
    else
        g_string_append_printf(out, ": its align, %s, is not a multiple of the page size the cell asks for, %s", align,
                               page);
}

/* A node whose memory nobody can use as it is. */
static void
say_unready(const SpmHostNode *node, GString *out)
{
    g_string_append_printf(out, "node %u (%s): %s", node->id, spm_host_class_name(node->klass),
                           node->usable_why ? node->usable_why : "not usable");
    if (node->next->len)
        g_string_append_printf(out, "; make it ready: %s", (char *)g_ptr_array_index(node->next, 0));
}

static void
say_node(const SpmSearch *search, const SpmPlacementCell *cell, const SpmHostNode *node, GString *out)
{
    gsize before = out->len;

    if (spm_placement_has_ram(node) && (cell->nodes || spm_placement_allowed(search, node->klass)))
        say_ram(search, cell, node, out);
    for (guint i = 0; i < search->host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(search->host->dax, i);

        if (dax->mode != SPM_HOST_DAX_DEVDAX || !dax->target_node.known || dax->target_node.value != node->id ||
            !(cell->nodes || spm_placement_allowed(search, spm_host_dax_class(search->host, dax))))
            continue;
        if (out->len > before)
            g_string_append(out, "; ");
        say_device(search, cell, dax, out);
    }
    if (out->len == before)
        say_unready(node, out);
}

static gboolean
has_allowed_device(const SpmSearch *search, const SpmHostNode *node)
{
    for (guint i = 0; i < search->host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(search->host->dax, i);

        if (dax->target_node.known && dax->target_node.value == node->id &&
            spm_placement_allowed(search, spm_host_dax_class(search->host, dax)))
            return TRUE;
    }
    return FALSE;
}

static char *
allowed_classes(const SpmSearch *search)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i <= SPM_HOST_CLASS_LAST; i++) {
        if (spm_placement_allowed(search, (SpmHostClass)i))
            g_string_append_printf(text, "%s%s", text->len ? " or " : "", spm_host_class_name((SpmHostClass)i));
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("(none is allowed)");
}

/* Several nodes together. */
static void
say_nodes(const SpmSearch *search, const SpmPlacementCell *cell, GString *out)
{
    const SpmHostNode *first = spm_host_node(search->host, (guint)spm_nodeset_next(cell->nodes, 0));
    g_autofree char *list = spm_nodeset_format(cell->nodes);
    guint64 size = size_to_reserve(search, cell, first), available;
    g_autofree char *page = spm_size_format(size);

    for (int id = spm_nodeset_next(cell->nodes, 0); id >= 0; id = spm_nodeset_next(cell->nodes, (guint)id + 1)) {
        const SpmHostNode *node = spm_host_node(search->host, (guint)id);

        if (spm_placement_has_ram(node))
            continue;
        g_string_append(out, "a cell on several nodes needs system RAM on all of them; ");
        say_unready(node, out);
        return;
    }
    if (size == 0) {
        g_string_append(out, "no hugepage size of the host divides the cell");
        return;
    }
    available = spm_pool_available(&search->pool, cell->nodes, size) / size;
    g_string_append_printf(out, "nodes %s: needed hugepages of %s: %" G_GUINT64_FORMAT ", free and not promised: %"
                           G_GUINT64_FORMAT, list, page, cell->size / size, available);
    if (available < cell->size / size)
        say_way_out(search, first, size, cell->size / size - available, out);
}

void
spm_placement_refuse(const SpmSearch *search, const SpmPlacementCell *cell, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *size = spm_size_format(cell->size);
    g_autofree char *classes = allowed_classes(search);
    guint shown = 0, nodes = 0;

    if (cell->nodes && spm_nodeset_count(cell->nodes) > 1) {
        say_nodes(search, cell, out);
        nodes = 1;
    } else {
        for (guint i = 0; i < search->host->nodes->len; i++) {
            const SpmHostNode *node = g_ptr_array_index(search->host->nodes, i);

            if (cell->nodes ? !spm_nodeset_has(cell->nodes, node->id)
                            : !spm_placement_allowed(search, node->klass) && !has_allowed_device(search, node))
                continue;
            if (nodes++ >= NODES_SHOWN)
                continue;
            if (shown++)
                g_string_append(out, "; ");
            say_node(search, cell, node, out);
        }
    }
    if (nodes > NODES_SHOWN)
        g_string_append_printf(out, "; and %u more nodes (spm-host-probe shows them)", nodes - NODES_SHOWN);
    if (nodes == 0)
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "no memory for SPM cell %u (%s): no node of this host is of class %s; spm-host-probe shows what "
                    "the host has, and [host] nodeN-class in %s can say what a node is",
                    cell->id, size, classes, search->policy->path);
    else
        g_set_error(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED, "no room for SPM cell %u (%s): %s", cell->id, size,
                    out->str);
}
