/*
 * placement_pool.c: how much of the host is still to be had
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/placement_pool.h"

void
spm_pool_init(SpmPool *pool, const SpmHost *host, const GPtrArray *promises)
{
    pool->host = host;
    pool->claims = g_ptr_array_new_with_free_func((GDestroyNotify)spm_promise_free);
    for (guint i = 0; promises && i < promises->len; i++) {
        const SpmPromise *promise = g_ptr_array_index(promises, i);

        g_ptr_array_add(pool->claims, spm_promise_new(promise->nodes, promise->page_size, promise->bytes,
                                                      promise->device, promise->owner));
    }
    pool->n_others = pool->claims->len;
}

void
spm_pool_clear(SpmPool *pool)
{
    g_ptr_array_unref(pool->claims);
}

static guint64
free_on_node(const SpmHostNode *node, guint64 page_size)
{
    const SpmHostPages *pages;

    if (!node)
        return 0;
    if (page_size == 0)
        return node->free.known ? node->free.value : 0;
    pages = spm_host_node_pages(node, page_size);
    /* Limited by the reader so that this does not overflow (host_pages.c). */
    return pages && pages->free.known && pages->total.known ? pages->free.value * page_size : 0;
}

static guint64
add(guint64 a, guint64 b)
{
    return a + MIN(b, G_MAXUINT64 - a);
}

/* Over the nodes that are in both sets; @other NULL: in @nodes. */
static guint64
free_on_both(const SpmPool *pool, const SpmNodeset *nodes, const SpmNodeset *other, guint64 page_size)
{
    guint64 sum = 0;

    for (int id = spm_nodeset_next(nodes, 0); id >= 0; id = spm_nodeset_next(nodes, (guint)id + 1)) {
        if (!other || spm_nodeset_has(other, (guint)id))
            sum = add(sum, free_on_node(spm_host_node(pool->host, (guint)id), page_size));
    }
    return sum;
}

guint64
spm_pool_free(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size)
{
    return free_on_both(pool, nodes, NULL, page_size);
}

/* What is left for @nodes beside all claims but @except. */
static guint64
available_beside(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size, const SpmPromise *except)
{
    guint64 available = spm_pool_free(pool, nodes, page_size), taken = 0;

    for (guint i = 0; i < pool->claims->len; i++) {
        const SpmPromise *claim = g_ptr_array_index(pool->claims, i);

        if (claim != except && !claim->device && claim->page_size == page_size)
            taken = add(taken, MIN(claim->bytes, free_on_both(pool, nodes, claim->nodes, page_size)));
    }
    return taken < available ? available - taken : 0;
}

guint64
spm_pool_available(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size)
{
    return available_beside(pool, nodes, page_size, NULL);
}

gboolean
spm_pool_fits(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size, guint64 bytes)
{
    if (bytes > spm_pool_available(pool, nodes, page_size))
        return FALSE;
    for (guint i = 0; i < pool->claims->len; i++) {
        const SpmPromise *claim = g_ptr_array_index(pool->claims, i);
        guint64 shared, left;

        /* Claims on the very same nodes were all counted above. */
        if (claim->device || claim->page_size != page_size || !spm_nodeset_intersects(claim->nodes, nodes) ||
            spm_nodeset_equal(claim->nodes, nodes))
            continue;
        shared = MIN(bytes, free_on_both(pool, claim->nodes, nodes, page_size));
        left = available_beside(pool, claim->nodes, page_size, claim);
        /* One that did not fit before is not our doing. */
        if (claim->bytes <= left && claim->bytes > left - MIN(shared, left))
            return FALSE;
    }
    return TRUE;
}

const SpmPromise *
spm_pool_device_owner(const SpmPool *pool, const char *device)
{
    for (guint i = 0; i < pool->claims->len; i++) {
        const SpmPromise *claim = g_ptr_array_index(pool->claims, i);

        if (g_strcmp0(claim->device, device) == 0)
            return claim;
    }
    return NULL;
}

void
spm_pool_push(SpmPool *pool, const SpmNodeset *nodes, guint64 page_size, guint64 bytes, const char *device)
{
    g_ptr_array_add(pool->claims, spm_promise_new(nodes, page_size, bytes, device, NULL));
}

void
spm_pool_pop(SpmPool *pool)
{
    g_ptr_array_remove_index(pool->claims, pool->claims->len - 1);
}
