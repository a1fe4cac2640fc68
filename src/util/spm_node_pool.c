/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_node_pool.h"

#include <malloc.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

/* glibc's blocks have 24 bytes, and 16 more from class to class. The largest are
 * libxml2's nodes (120), most of all there is. */
#define SMALLEST 24
#define STEP 16
#define CLASSES 8
#define LARGEST (SMALLEST + STEP * (CLASSES - 1))

/* Of each class, the blocks of a small document: 120 KiB in all at the most. */
#define KEPT_MAX 192

typedef struct _Block Block;
struct _Block {
    Block *next;
};

typedef struct {
    Block *first[CLASSES];
    guint count[CLASSES];
    gboolean open;
    gboolean asked;
} Pool;

static __thread Pool pool;

/* The thread ends. What is given from now on is freed. */
static void
close_pool(gpointer data)
{
    Pool *mine = data;

    mine->open = FALSE;
    for (guint i = 0; i < CLASSES; i++) {
        while (mine->first[i]) {
            Block *block = mine->first[i];

            mine->first[i] = block->next;
            g_free(block);
        }
        mine->count[i] = 0;
    }
}

static gboolean
is_open(void)
{
    static GPrivate end = G_PRIVATE_INIT(close_pool);

    if (!pool.asked) {
        pool.asked = TRUE;
        pool.open = !WATCHED && g_strcmp0(g_getenv("G_SLICE"), "always-malloc") != 0;
        g_private_set(&end, &pool);
    }
    return pool.open;
}

void *
spm_node_pool_take(gsize size)
{
    guint class = size <= SMALLEST ? 0 : (guint)((MIN(size, LARGEST) - SMALLEST + STEP - 1) / STEP);
    Block *block = size <= LARGEST ? pool.first[class] : NULL;

    if (!block)
        return g_malloc(size);
    pool.first[class] = block->next;
    pool.count[class]--;
    return block;
}

void
spm_node_pool_give(void *block)
{
    gsize size = block ? malloc_usable_size(block) : 0;
    guint class = size < SMALLEST ? CLASSES : (guint)(MIN(size - SMALLEST, STEP * CLASSES) / STEP);

    if (class < CLASSES && pool.count[class] < KEPT_MAX && is_open()) {
        ((Block *)block)->next = pool.first[class];
        pool.first[class] = block;
        pool.count[class]++;
    } else {
        g_free(block);
    }
}

char *
spm_node_pool_copy(const char *text)
{
    gsize size = strlen(text) + 1;

    return memcpy(spm_node_pool_take(size), text, size);
}

guint
spm_node_pool_kept(void)
{
    guint count = 0;

    for (guint i = 0; i < CLASSES; i++)
        count += pool.count[i];
    return count;
}
