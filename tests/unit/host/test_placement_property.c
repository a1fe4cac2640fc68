/*
 * What no placement may ever do, over random hosts and requests: overcommit a
 * node, leave the nodes or the page size that were asked for, use a class that
 * is not allowed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_classify.h"
#include "host/host_parts.h"
#include "hosts/plan.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

#define NODES 5
#define CELLS 4

static SpmHost *
random_host(GRand *rand)
{
    static const guint64 sizes[] = { 2 * SPM_MIB, 32 * SPM_MIB };
    g_autoptr(SpmHostRoot) root = spm_host_root_open("/proc/self/fdinfo", SPM_HOST_ROOT_DEFAULT, NULL);
    SpmHost *host = spm_host_read(root);

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        g_array_append_val(host->page_sizes, sizes[i]);
    for (guint id = 0; id < NODES; id++) {
        SpmHostNode *node = spm_host_add_node(host, id);

        node->present = TRUE;
        node->online = spm_host_known(1);
        node->column = (int)id;
        node->klass = (SpmHostClass)g_rand_int_range(rand, 0, SPM_HOST_CLASS_LAST + 1);
        node->total = spm_host_known(g_rand_int_range(rand, 0, 8) ? SPM_GIB : 0);
        node->free = spm_host_known(node->total.value ? (guint64)g_rand_int_range(rand, 0, 1024) * SPM_MIB : 0);
        spm_nodeset_add(host->online, id);
        if (g_rand_boolean(rand))
            spm_nodeset_add(node->cpus, id);
        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
            SpmHostPages pages = { .size = sizes[i] };

            pages.free = spm_host_known((guint64)g_rand_int_range(rand, 0, 12));
            pages.total = spm_host_known(pages.free.value + 3);
            g_array_append_val(node->pages, pages);
        }
        for (guint other = 0; other < NODES; other++) {
            guint16 distance = other == id ? 10 : (guint16)g_rand_int_range(rand, 11, 40);

            g_array_append_val(node->distances, distance);
        }
    }
    for (guint i = 0; i < 3; i++) {
        SpmHostDax *dax = g_new0(SpmHostDax, 1);

        dax->name = g_strdup_printf("dax0.%u", i);
        dax->size = spm_host_known((guint64)g_rand_int_range(rand, 1, 64) * 2 * SPM_MIB);
        dax->align = spm_host_known(g_rand_boolean(rand) ? 2 * SPM_MIB : 32 * SPM_MIB);
        dax->mode = (SpmHostDaxMode)g_rand_int_range(rand, 0, 5);
        dax->origin = (SpmHostOrigin)g_rand_int_range(rand, 0, 4);
        dax->target_node = spm_host_known((guint64)g_rand_int_range(rand, 0, NODES));
        g_ptr_array_add(host->dax, dax);
    }
    return host;
}

static SpmNodeset *
random_nodes(GRand *rand)
{
    SpmNodeset *nodes = spm_nodeset_new();

    do
        spm_nodeset_add(nodes, (guint)g_rand_int_range(rand, 0, NODES));
    while (g_rand_boolean(rand));
    return nodes;
}

static SpmPlan *
random_plan(GRand *rand)
{
    SpmPlan *plan = spm_plan_parse("");
    guint cells = (guint)g_rand_int_range(rand, 1, CELLS + 1);
    guint promises = (guint)g_rand_int_range(rand, 0, 3);

    for (guint i = 0; i < cells; i++) {
        SpmPlacementCell *cell =
            spm_placement_request_add(plan->request, i + 1, (guint64)g_rand_int_range(rand, 1, 33) * 2 * SPM_MIB);

        cell->nodes = g_rand_boolean(rand) ? NULL : random_nodes(rand);
        cell->page_size = g_rand_int_range(rand, 0, 3) ? 0 : g_rand_boolean(rand) ? 2 * SPM_MIB : 32 * SPM_MIB;
        if (!cell->nodes && g_rand_boolean(rand))
            cell->recorded_nodes = random_nodes(rand);
    }
    for (guint i = 0; i < promises; i++) {
        g_autoptr(SpmNodeset) nodes = random_nodes(rand);

        g_ptr_array_add(plan->promises,
                        spm_promise_new(nodes, g_rand_boolean(rand) ? 2 * SPM_MIB : 32 * SPM_MIB,
                                        (guint64)g_rand_int_range(rand, 1, 5) * 32 * SPM_MIB,
                                        g_rand_int_range(rand, 0, 4) ? NULL : "dax0.1", "domain 'other'"));
    }
    if (g_rand_boolean(rand))
        spm_nodeset_add(plan->request->cpus, (guint)g_rand_int_range(rand, 0, NODES));
    plan->policy->allowed = (guint)g_rand_int_range(rand, 0, 1 << (SPM_HOST_CLASS_LAST + 1));
    plan->policy->ordinary_pages = g_rand_boolean(rand);
    return plan;
}

/* Serve all claims on pages of one size the way the worst kernel would: in any
 * order, each from any of its nodes, spread or one node after the other. TRUE
 * when nobody starves. */
static gboolean
serve(const SpmHost *host, GRand *rand, GPtrArray *claims, guint64 page_size)
{
    /* Ordinary pages are handed out by the MiB: nothing here is smaller, and a
     * larger unit would lose what a node has beside whole ones. */
    guint64 left[NODES], unit = page_size ? page_size : SPM_MIB;

    for (guint id = 0; id < NODES; id++) {
        const SpmHostNode *node = spm_host_node(host, id);

        left[id] = page_size ? spm_host_node_pages(node, page_size)->free.value : node->free.value / unit;
    }
    for (guint i = claims->len; i > 1; i--) {
        guint j = (guint)g_rand_int_range(rand, 0, (gint)i);
        gpointer swap = g_ptr_array_index(claims, i - 1);

        g_ptr_array_index(claims, i - 1) = g_ptr_array_index(claims, j);
        g_ptr_array_index(claims, j) = swap;
    }
    for (guint i = 0; i < claims->len; i++) {
        const SpmPromise *claim = g_ptr_array_index(claims, i);
        gboolean spread;
        guint first;

        if (claim->device || claim->page_size != page_size)
            continue;
        first = (guint)g_rand_int_range(rand, 0, NODES);
        spread = g_rand_boolean(rand);
        for (guint64 want = (claim->bytes + unit - 1) / unit; want > 0; want--) {
            guint start = spread ? (guint)g_rand_int_range(rand, 0, NODES) : first, tries = 0;

            while (tries < NODES && (!spm_nodeset_has(claim->nodes, (start + tries) % NODES) ||
                                     left[(start + tries) % NODES] == 0))
                tries++;
            if (tries == NODES)
                return FALSE;
            left[(start + tries) % NODES]--;
        }
    }
    return TRUE;
}

static gboolean
nobody_starves(const SpmHost *host, GRand *rand, GPtrArray *claims, guint rounds)
{
    for (guint round = 0; round < rounds; round++) {
        if (!serve(host, rand, claims, 2 * SPM_MIB) || !serve(host, rand, claims, 32 * SPM_MIB) ||
            !serve(host, rand, claims, 0))
            return FALSE;
    }
    return TRUE;
}

/* Had the promises room before, whatever the kernel does? If not, somebody
 * starving is not placement's doing. */
static gboolean
promises_hold(const SpmHost *host, const GPtrArray *promises)
{
    for (guint i = 0; i < promises->len; i++) {
        const SpmPromise *mine = g_ptr_array_index(promises, i);
        guint64 needed = mine->bytes, room = 0;

        for (guint j = 0; j < promises->len; j++) {
            const SpmPromise *other = g_ptr_array_index(promises, j);
            guint64 shared = 0;

            for (guint id = 0; id < NODES; id++) {
                guint64 there = spm_host_node_pages(spm_host_node(host, id), mine->page_size)->free.value * mine->page_size;

                if (spm_nodeset_has(mine->nodes, id) && spm_nodeset_has(other->nodes, id))
                    shared += there;
            }
            if (i == j)
                room = shared;
            else if (!other->device && other->page_size == mine->page_size)
                needed += MIN(other->bytes, shared);
        }
        if (!mine->device && needed > room)
            return FALSE;
    }
    return TRUE;
}

static void
check_cell(const SpmHost *host, const SpmPlan *plan, const SpmPlacementCell *cell, const SpmBacking *backing)
{
    g_assert_cmpuint(backing->cell, ==, cell->id);
    g_assert_cmpint(backing->automatic, ==, cell->nodes == NULL);
    if (cell->nodes)
        g_assert_true(spm_nodeset_equal(cell->nodes, backing->nodes));
    else
        g_assert_cmpuint(spm_nodeset_count(backing->nodes), ==, 1);
    if (backing->kind == SPM_BACKING_SYSTEM_RAM) {
        for (int id = spm_nodeset_next(backing->nodes, 0); id >= 0; id = spm_nodeset_next(backing->nodes, (guint)id + 1)) {
            const SpmHostNode *node = spm_host_node(host, (guint)id);

            g_assert_true(cell->nodes || spm_host_config_allows(plan->policy, node->klass));
            g_assert_cmpuint(node->total.value, >, 0);
        }
        g_assert_true(backing->page_size ? cell->size % backing->page_size == 0 : plan->policy->ordinary_pages);
        g_assert_true(!cell->page_size || cell->page_size == backing->page_size);
        g_assert_cmpuint(backing->threads, >=, 1);
    } else {
        const SpmHostDax *dax = spm_host_dax(host, backing->device);

        g_assert_cmpint(dax->mode, ==, SPM_HOST_DAX_DEVDAX);
        g_assert_cmpuint(cell->size, <=, dax->size.value);
        g_assert_cmpuint(cell->size % dax->align.value, ==, 0);
        g_assert_true(cell->nodes || spm_host_config_allows(plan->policy, spm_host_dax_class(host, dax)));
    }
}

static void
check_answer(const SpmHost *host, GRand *rand, const SpmPlan *plan, const GPtrArray *backings)
{
    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)spm_promise_free);
    g_autoptr(GHashTable) devices = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean fine_before;

    for (guint i = 0; i < plan->promises->len; i++) {
        const SpmPromise *promise = g_ptr_array_index(plan->promises, i);

        g_ptr_array_add(claims, spm_promise_new(promise->nodes, promise->page_size, promise->bytes, promise->device, NULL));
        if (promise->device)
            g_hash_table_add(devices, promise->device);
    }
    fine_before = promises_hold(host, plan->promises);
    g_assert_cmpuint(backings->len, ==, plan->request->cells->len);
    for (guint i = 0; i < backings->len; i++) {
        const SpmPlacementCell *cell = g_ptr_array_index(plan->request->cells, i);
        SpmBacking *backing = g_ptr_array_index(backings, i);

        check_cell(host, plan, cell, backing);
        if (backing->device)
            g_assert_true(g_hash_table_add(devices, backing->device));
        g_ptr_array_add(claims, spm_backing_promise(backing, cell->size, NULL));
    }
    if (fine_before)
        g_assert_true(nobody_starves(host, rand, claims, 20));
}

/* A lone cell is refused only when there really is no place for it. */
static void
check_refusal(const SpmHost *host, const SpmPlan *plan, const GError *error)
{
    const SpmPlacementCell *cell = g_ptr_array_index(plan->request->cells, 0);

    g_assert_true(g_error_matches(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED) ||
                  g_error_matches(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED));
    g_assert_cmpuint(strlen(error->message), >, 0);
    if (plan->request->cells->len > 1 || plan->promises->len > 0 || cell->nodes)
        return;
    for (guint id = 0; id < NODES; id++) {
        const SpmHostNode *node = spm_host_node(host, id);

        if (!spm_host_config_allows(plan->policy, node->klass) || node->total.value == 0)
            continue;
        for (guint i = 0; i < node->pages->len; i++) {
            const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);

            g_assert_false((!cell->page_size || cell->page_size == pages->size) && cell->size % pages->size == 0 &&
                           cell->size <= pages->free.value * pages->size);
        }
    }
}

static void
never_wrong(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    guint placed = 0;

    for (guint i = 0; i < 3000; i++) {
        g_autoptr(SpmHost) host = random_host(rand);
        g_autoptr(SpmPlan) plan = random_plan(rand);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) backings =
            spm_placement_find(host, plan->request, plan->promises, plan->policy, &error);
        g_autofree char *first = spm_plan_answer(host, plan);
        g_autofree char *second = spm_plan_answer(host, plan);

        g_assert_cmpstr(first, ==, second);
        if (backings)
            check_answer(host, rand, plan, backings);
        else
            check_refusal(host, plan, error);
        placed += backings != NULL;
    }
    /* Neither all refused nor all placed: the test tests something. */
    g_assert_cmpuint(placed, >, 300);
    g_assert_cmpuint(placed, <, 2700);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/placement/property/never-wrong", never_wrong);
    return g_test_run();
}
