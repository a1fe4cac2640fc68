/*
 * placement_types.c: make and free what placement works with
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/placement.h"

static void
cell_free(gpointer data)
{
    SpmPlacementCell *cell = data;

    spm_nodeset_free(cell->nodes);
    spm_nodeset_free(cell->recorded_nodes);
    g_free(cell->recorded_device);
    g_free(cell);
}

SpmPlacementRequest *
spm_placement_request_new(void)
{
    SpmPlacementRequest *request = g_new0(SpmPlacementRequest, 1);

    request->cells = g_ptr_array_new_with_free_func(cell_free);
    request->devices = g_ptr_array_new_with_free_func(g_free);
    request->cpus = spm_nodeset_new();
    return request;
}

void
spm_placement_request_free(SpmPlacementRequest *request)
{
    if (!request)
        return;
    g_ptr_array_unref(request->cells);
    g_ptr_array_unref(request->devices);
    spm_nodeset_free(request->cpus);
    g_free(request);
}

SpmPlacementCell *
spm_placement_request_add(SpmPlacementRequest *request, guint id, guint64 size)
{
    SpmPlacementCell *cell = g_new0(SpmPlacementCell, 1);

    cell->id = id;
    cell->size = size;
    g_ptr_array_add(request->cells, cell);
    return cell;
}

SpmPromise *
spm_promise_new(const SpmNodeset *nodes, guint64 page_size, guint64 bytes, const char *device, const char *owner)
{
    SpmPromise *promise = g_new0(SpmPromise, 1);

    promise->nodes = spm_nodeset_copy(nodes);
    promise->page_size = page_size;
    promise->bytes = bytes;
    promise->device = g_strdup(device);
    promise->owner = g_strdup(owner);
    return promise;
}

void
spm_promise_free(SpmPromise *promise)
{
    if (!promise)
        return;
    spm_nodeset_free(promise->nodes);
    g_free(promise->device);
    g_free(promise->owner);
    g_free(promise);
}

void
spm_backing_free(SpmBacking *backing)
{
    if (!backing)
        return;
    spm_nodeset_free(backing->nodes);
    g_free(backing->device);
    g_free(backing->path);
    g_free(backing->why);
    g_free(backing);
}

SpmPromise *
spm_backing_promise(const SpmBacking *backing, guint64 size, const char *owner)
{
    return spm_promise_new(backing->nodes, backing->page_size, size, backing->device, owner);
}
