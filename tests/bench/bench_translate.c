/*
 * bench-translate: what lowering and raising take, without any daemon
 *
 * usage: bench-translate [--repeat N] FILE...
 *
 * For each document, as lines of JSON: the time of one operation in microseconds
 * (the least of many runs, and the median), and what it takes from the heap
 * (allocations, and their bytes in all).
 *
 *     search  is there anything to do: a byte search, each way
 *     lower   the document to stock XML (lowering A)
 *     raise   that stock XML back
 *
 * Allocations are counted in malloc() itself: those of GLib and libxml2 are in.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <string.h>

#include "bench_wire.h"
#include "qemu/qemu_domain.h"

static guint64 allocations, allocated;

/* glibc's own names for what stands behind malloc(). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

void *
malloc(size_t size)
{
    allocations++;
    allocated += size;
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    allocations++;
    allocated += count * size;
    return __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    allocations++;
    allocated += size;
    return __libc_realloc(block, size);
}

typedef char *(*Operation)(const char *xml, gsize length, GError **error);

static SpmQemuCaps *caps;

static char *
lower(const char *xml, gsize length, GError **error)
{
    SpmLoweringContext context = { .qemu = caps, .memoryless_cells = TRUE };

    return spm_domain_lower(xml, length, &context, error);
}

/* What every document pays on its way in and out. */
static char *
search(const char *xml, gsize length, GError **error)
{
    static const char empty[] = "";

    return (char *)empty + (spm_domain_may_ask(xml, length) && spm_domain_may_hold(xml, length));
}

static int
compare(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

/* The last result, which the caller frees unless it is of search(). */
static char *
measure(const char *file, const char *name, Operation operation, const char *xml, int repeat)
{
    g_autoptr(GArray) times = g_array_sized_new(FALSE, FALSE, sizeof(gint64), (guint)repeat);
    gsize length = strlen(xml);
    guint64 count = 0, bytes = 0;
    char *result = NULL;

    for (int i = 0; i < repeat; i++) {
        g_autoptr(GError) error = NULL;
        guint64 count_before = allocations, bytes_before = allocated;
        gint64 took;
        gint64 start;

        if (operation != search)
            g_free(result);
        start = bench_now();
        result = operation(xml, length, &error);
        took = bench_now() - start;
        count = allocations - count_before;
        bytes = allocated - bytes_before;
        if (!result)
            bench_die("%s: %s: %s", file, name, error->message);
        g_array_append_val(times, took);
    }
    g_array_sort(times, compare);
    printf("{\"file\": \"%s\", \"operation\": \"%s\", \"length\": %" G_GSIZE_FORMAT
           ", \"least\": %.2f, \"median\": %.2f, \"allocations\": %" G_GUINT64_FORMAT
           ", \"allocated\": %" G_GUINT64_FORMAT "}\n",
           file, name, length, (double)g_array_index(times, gint64, 0) / 1e3,
           (double)g_array_index(times, gint64, times->len / 2) / 1e3, count, bytes);
    return result;
}

static void
measure_file(const char *file, int repeat)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;
    g_autofree char *stock = NULL;
    g_autofree char *raised = NULL;

    if (!g_file_get_contents(file, &xml, NULL, &error))
        bench_die("%s", error->message);
    measure(file, "search", search, xml, repeat);
    stock = measure(file, "lower", lower, xml, repeat);
    raised = measure(file, "raise", spm_domain_raise, stock, repeat);
}

int
main(int argc, char **argv)
{
    int repeat = 200;
    const GOptionEntry entries[] = {
        { "repeat", 0, 0, G_OPTION_ARG_INT, &repeat, "Runs of each operation", "N" },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new("FILE...");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        bench_die("%s", error->message);
    caps = spm_qemu_caps_assume("sp-mem", &error);
    for (int i = 1; i < argc; i++)
        measure_file(argv[i], repeat);
    spm_qemu_caps_unref(caps);
    return 0;
}
