/*
 * host_pages.c: hugepages, of every size, node by node
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_parts.h"

/* The directory names of one kernel: seven sizes on arm64 are the most. */
#define SIZES_MAX 32

/* "hugepages-2048kB" is 2 MiB; 0 for any other name. */
static guint64
size_of_name(const char *name)
{
    const char *digits = name + strlen("hugepages-");
    char *end;
    guint64 kib;

    if (!g_str_has_prefix(name, "hugepages-") || !g_ascii_isdigit(*digits))
        return 0;
    kib = g_ascii_strtoull(digits, &end, 10);
    if (!g_str_equal(end, "kB") || kib == 0 || kib > G_MAXUINT64 / 1024)
        return 0;
    return kib * 1024;
}

static gint
compare_sizes(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;

    return x < y ? -1 : x > y;
}

static void
note_size(SpmHost *host, guint64 size)
{
    for (guint i = 0; i < host->page_sizes->len; i++) {
        if (g_array_index(host->page_sizes, guint64, i) == size)
            return;
    }
    if (host->page_sizes->len < SIZES_MAX) {
        g_array_append_val(host->page_sizes, size);
        g_array_sort(host->page_sizes, compare_sizes);
    }
}

static void
read_node(SpmHost *host, SpmHostNode *node, SpmHostRoot *root)
{
    static const char *const files[] = { "nr_hugepages", "free_hugepages", "surplus_hugepages" };
    char path[SPM_HOST_PATH_ROOM];
    g_autoptr(GPtrArray) names = NULL;

    spm_host_node_path(path, node, "hugepages");
    names = spm_host_read_dir(root, path, &node->pages_why);
    for (guint i = 0; names && i < names->len; i++) {
        SpmHostPages pages = { .size = size_of_name(g_ptr_array_index(names, i)) };
        SpmHostValue *values[] = { &pages.total, &pages.free, &pages.surplus };

        if (pages.size == 0 || node->pages->len >= SIZES_MAX || spm_host_node_pages(node, pages.size))
            continue;
        for (guint j = 0; j < G_N_ELEMENTS(files); j++) {
            /* The name is rebuilt from the number: a long one could not fit. */
            spm_host_node_path(path, node, "hugepages/hugepages-%" G_GUINT64_FORMAT "kB/%s", pages.size / 1024,
                               files[j]);
            *values[j] = spm_host_read_number(root, path, SPM_HOST_NUMBER_DECIMAL, 0);
        }
        if (pages.free.known && pages.total.known && pages.free.value > pages.total.value)
            pages.free = spm_host_unknown("more are free than there are");
        /* 2^63 bytes are more than any node has; sums stay below 2^64. */
        if (pages.total.known && pages.total.value > G_MAXINT64 / pages.size)
            pages.total = pages.free = spm_host_unknown("more pages than any host has memory for");
        g_array_append_val(node->pages, pages);
        note_size(host, pages.size);
    }
    g_array_sort(node->pages, compare_sizes); /* .size comes first */
}

void
spm_host_read_pages(SpmHost *host, SpmHostRoot *root)
{
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, "sys/kernel/mm/hugepages", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        guint64 size = size_of_name(g_ptr_array_index(names, i));

        if (size)
            note_size(host, size);
    }
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        if (node->present)
            read_node(host, node, root);
        else
            node->pages_why = "the node has no directory yet";
    }
}
