/*
 * Blocks that are given back are there for the next one who wants as much
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_node_pool.h"

#include <string.h>

/* Are blocks kept at all? Not where memory is watched. */
static gboolean
is_on(void)
{
    spm_node_pool_give(spm_node_pool_take(100));
    return spm_node_pool_kept() > 0;
}

static void
a_block_is_used_again(void)
{
    void *first = spm_node_pool_take(120);
    guint kept;

    if (!is_on()) {
        g_free(first);
        g_test_skip("memory is watched");
        return;
    }
    kept = spm_node_pool_kept();
    spm_node_pool_give(first);
    g_assert_cmpuint(spm_node_pool_kept(), ==, kept + 1);
    g_assert_true(spm_node_pool_take(120) == first);
    g_assert_cmpuint(spm_node_pool_kept(), ==, kept);
    g_free(first);
}

/* Whatever sizes are given and taken in whatever order. */
static void
each_block_is_as_large_as_was_asked(void)
{
    char *blocks[300] = { NULL };

    for (guint round = 0; round < 300; round++) {
        for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
            gsize size = (i * 7 + round * 13) % 300;

            spm_node_pool_give(blocks[i]);
            blocks[i] = spm_node_pool_take(size);
            if (size > 0)
                memset(blocks[i], (int)i, size);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
            gsize size = (i * 7 + round * 13) % 300;

            for (gsize j = 0; j < size; j++)
                g_assert_cmpint((guchar)blocks[i][j], ==, (guchar)i);
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++)
        spm_node_pool_give(blocks[i]);
}

static void
no_more_than_a_small_document_is_kept(void)
{
    g_autoptr(GPtrArray) blocks = g_ptr_array_new();

    for (gsize i = 0; i < 100000; i++)
        g_ptr_array_add(blocks, spm_node_pool_take(i % 200));
    for (gsize i = 0; i < blocks->len; i++)
        spm_node_pool_give(blocks->pdata[i]);
    g_assert_cmpuint(spm_node_pool_kept(), <=, 2000);
}

static void
blocks_are_those_of_glib(void)
{
    char *block = g_realloc(spm_node_pool_copy("abc"), 1000);

    g_assert_cmpstr(block, ==, "abc");
    g_free(block);
    g_free(spm_node_pool_take(0));
    spm_node_pool_give(g_strdup("def"));
    spm_node_pool_give(g_malloc(10000));
    spm_node_pool_give(NULL);
}

static gpointer
use_in_thread(gpointer block)
{
    guint kept;

    g_assert_cmpuint(spm_node_pool_kept(), ==, 0);
    kept = is_on();
    spm_node_pool_give(block);
    g_assert_cmpuint(spm_node_pool_kept(), ==, kept * 2);
    return spm_node_pool_take(40);
}

static void
each_thread_keeps_its_own(void)
{
    void *block = spm_node_pool_take(60);

    g_free(g_thread_join(g_thread_new("pool", use_in_thread, block)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/spm_node_pool/" name, function)
    TEST("a-block-is-used-again", a_block_is_used_again);
    TEST("each-block-is-as-large-as-was-asked", each_block_is_as_large_as_was_asked);
    TEST("no-more-than-a-small-document-is-kept", no_more_than_a_small_document_is_kept);
    TEST("blocks-are-those-of-glib", blocks_are_those_of_glib);
    TEST("each-thread-keeps-its-own", each_thread_keeps_its_own);
    return g_test_run();
}
