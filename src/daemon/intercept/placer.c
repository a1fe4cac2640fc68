/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intercept/placer.h"

#include "host/host_classify.h"
#include "host/host_dax_use.h"
#include "qemu/qemu_domain.h"

struct _SpmPlacer {
    char *sysroot;
    SpmHostConfig *policy;
    GHashTable *promised; /* number -> GPtrArray of SpmPromise */
    guint64 last;
};

SpmPlacer *
spm_placer_new(const char *sysroot, SpmHostConfig *policy)
{
    SpmPlacer *placer = g_new0(SpmPlacer, 1);

    placer->sysroot = g_strdup(sysroot);
    placer->policy = policy;
    placer->promised = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                             (GDestroyNotify)g_ptr_array_unref);
    return placer;
}

void
spm_placer_free(SpmPlacer *placer)
{
    if (!placer)
        return;
    g_hash_table_unref(placer->promised);
    spm_host_config_free(placer->policy);
    g_free(placer->sysroot);
    g_free(placer);
}

void
spm_placer_set_policy(SpmPlacer *placer, SpmHostConfig *policy)
{
    spm_host_config_free(placer->policy);
    placer->policy = policy;
}

gboolean
spm_placer_is_on(const SpmPlacer *placer)
{
    return placer && placer->policy->placement;
}

void
spm_plan_free(SpmPlan *plan)
{
    spm_placement_request_free(plan->request);
    g_clear_pointer(&plan->backings, g_ptr_array_unref);
    g_free(plan);
}

/* What @cell of a running domain has taken goes back to the nodes it lies on, in
 * this description of the host. Over several nodes nobody knows the shares; the
 * first has it all then, and placement adds the nodes up. */
static void
give_back(SpmHost *host, const SpmPlacementCell *cell)
{
    const SpmNodeset *nodes = cell->nodes ? cell->nodes : cell->recorded_nodes;
    int first = nodes ? spm_nodeset_next(nodes, 0) : -1;
    SpmHostNode *node = first < 0 ? NULL : spm_host_node(host, (guint)first);

    if (!node || cell->recorded_device)
        return;
    if (cell->recorded_page == 0) {
        if (node->free.known && node->free.value < G_MAXUINT64 - cell->size)
            node->free.value += cell->size;
        return;
    }
    for (guint i = 0; node->pages && i < node->pages->len; i++) {
        SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);

        if (pages->size == cell->recorded_page && pages->free.known && pages->total.known)
            pages->free.value =
                MIN(pages->total.value, pages->free.value + cell->size / cell->recorded_page);
    }
}

static void
give_back_all(SpmHost *host, const char *running, gsize length, GPtrArray *taken)
{
    g_autoptr(SpmPlacementRequest) has = spm_domain_placement_request(running, length, NULL);

    for (guint i = 0; has && i < has->cells->len; i++) {
        const SpmPlacementCell *cell = g_ptr_array_index(has->cells, i);

        give_back(host, cell);
        for (guint n = taken->len; cell->recorded_device && n > 0; n--) {
            const SpmPromise *promise = g_ptr_array_index(taken, n - 1);

            if (g_strcmp0(promise->device, cell->recorded_device) == 0)
                g_ptr_array_remove_index(taken, n - 1);
        }
    }
}

static void
add_promises(const SpmPlacer *placer, GPtrArray *taken)
{
    GHashTableIter iter;
    gpointer list;

    g_hash_table_iter_init(&iter, placer->promised);
    while (g_hash_table_iter_next(&iter, NULL, &list)) {
        for (guint i = 0; i < ((GPtrArray *)list)->len; i++) {
            const SpmPromise *promise = g_ptr_array_index((GPtrArray *)list, i);

            g_ptr_array_add(taken, spm_promise_new(promise->nodes, promise->page_size,
                                                   promise->bytes, promise->device, promise->owner));
        }
    }
}

SpmHost *
spm_placer_host(const SpmPlacer *placer, GError **error)
{
    g_autoptr(SpmHostRoot) root = spm_host_root_open(placer->sysroot, SPM_HOST_ROOT_DEFAULT, error);
    SpmHost *host = root ? spm_host_read(root) : NULL;

    if (host)
        spm_host_classify(host, placer->policy);
    return host;
}

SpmPlan *
spm_placer_plan(SpmPlacer *placer, const char *xml, gsize length, const char *running,
                gsize running_length, GError **error)
{
    g_autoptr(SpmHostRoot) root = spm_host_root_open(placer->sysroot, SPM_HOST_ROOT_DEFAULT, error);
    g_autoptr(SpmHost) host = root ? spm_host_read(root) : NULL;
    g_autoptr(GPtrArray) taken = NULL;
    g_autoptr(SpmPlan) plan = NULL;

    if (!host)
        return NULL;
    spm_host_classify(host, placer->policy);
    taken = spm_host_dax_users(root, host);
    if (running)
        give_back_all(host, running, running_length, taken);
    add_promises(placer, taken);

    plan = g_new0(SpmPlan, 1);
    plan->request = spm_domain_placement_request(xml, length, error);
    if (!plan->request)
        return NULL;
    plan->backings = spm_placement_find(host, plan->request, taken, placer->policy, error);
    return plan->backings ? g_steal_pointer(&plan) : NULL;
}

static gboolean
keeps(const SpmPlacementCell *cell, const SpmBacking *backing)
{
    const SpmNodeset *before = cell->nodes ? cell->nodes : cell->recorded_nodes;

    if (backing->kind == SPM_BACKING_DEVDAX)
        return g_strcmp0(cell->recorded_device, backing->device) == 0;
    return !cell->recorded_device && before && spm_nodeset_equal(before, backing->nodes) &&
           cell->recorded_page == backing->page_size;
}

gboolean
spm_plan_keeps(const SpmPlan *plan)
{
    for (guint i = 0; i < plan->backings->len; i++) {
        if (!keeps(g_ptr_array_index(plan->request->cells, i), g_ptr_array_index(plan->backings, i)))
            return FALSE;
    }
    return TRUE;
}

guint64
spm_placer_promise(SpmPlacer *placer, const SpmPlan *plan, const char *domain)
{
    g_autofree char *owner = g_strdup_printf("domain '%s', which is being started", domain);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)spm_promise_free);
    guint64 *number = g_new(guint64, 1);

    for (guint i = 0; i < plan->backings->len; i++) {
        const SpmPlacementCell *cell = g_ptr_array_index(plan->request->cells, i);

        g_ptr_array_add(list, spm_backing_promise(g_ptr_array_index(plan->backings, i), cell->size,
                                                  owner));
    }
    *number = ++placer->last;
    g_hash_table_insert(placer->promised, number, list);
    return placer->last;
}

void
spm_placer_release(SpmPlacer *placer, guint64 promise)
{
    g_hash_table_remove(placer->promised, &promise);
}
