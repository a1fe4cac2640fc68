/*
 * host_soft_reserved.c: the ranges that the firmware set aside as Specific-Purpose Memory
 *
 * No one source is complete. /proc/iomem does not list a range any more once a
 * dax device covers it (Linux 7.2) and shows zeros to all but root;
 * /sys/firmware/memmap has no ranges from the command line (memmap=); a dax
 * device exists only while dax_hmem is loaded. So: the union.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_parts.h"

#define MEMMAP_DIR "sys/firmware/memmap"

/* E820 tables have 128 entries, larger ones come from EFI: this is plenty. */
#define RANGES_MAX 4096

/* Put a range in; what overlaps becomes one range. Ranges that only touch stay
 * two: they may be two stacks of HBM. */
static void
add_range(SpmHost *host, guint64 start, guint64 end, guint source)
{
    SpmHostRange range = { .start = start, .end = end, .sources = source };
    guint at;

    if (start > end || host->ranges->len >= RANGES_MAX)
        return;
    for (guint i = 0; i < host->ranges->len;) {
        const SpmHostRange *other = &g_array_index(host->ranges, SpmHostRange, i);

        if (other->start > range.end || other->end < range.start) {
            i++;
            continue;
        }
        range.start = MIN(range.start, other->start);
        range.end = MAX(range.end, other->end);
        range.sources |= other->sources;
        g_array_remove_index(host->ranges, i);
        i = 0; /* the larger range may overlap an earlier one */
    }
    for (at = 0; at < host->ranges->len; at++) {
        if (g_array_index(host->ranges, SpmHostRange, at).start > range.start)
            break;
    }
    g_array_insert_val(host->ranges, at, range);
}

/* Memory that kmem added stays when the driver is unbound while it is in use. */
static void
note_kmem_memory(SpmHost *host, guint64 start)
{
    for (guint i = 0; i < host->dax->len; i++) {
        SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (dax->mode != SPM_HOST_DAX_UNBOUND || dax->let_go || !dax->resource.known || !dax->size.known ||
            start < dax->resource.value || start - dax->resource.value >= dax->size.value)
            continue;
        dax->let_go = TRUE;
        spm_host_problem(host,
                         "%s has no driver, but its memory is in use as system RAM: kmem was unbound while the memory "
                         "was online, and it stays so until the next boot",
                         dax->name);
    }
}

/* "  100000000-11fffffff : Soft Reserved", at any depth. */
static void
read_iomem(SpmHost *host, SpmHostRoot *root)
{
    g_autofree char *text = spm_host_read_text(root, "proc/iomem", SPM_HOST_LIMIT_PROC, &host->iomem_why);
    gboolean addresses = FALSE;

    if (!text)
        return;
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        char *colon, *dash, *from = line;
        guint64 start, end;

        if (next)
            *next++ = '\0';
        colon = strstr(line, " : ");
        dash = strchr(line, '-');
        line = next;
        if (!colon || !dash || dash > colon)
            continue;
        *dash = *colon = '\0';
        if (!spm_host_parse_number(from, SPM_HOST_NUMBER_HEX, &start) ||
            !spm_host_parse_number(dash + 1, SPM_HOST_NUMBER_HEX, &end))
            continue;
        addresses = addresses || end != 0;
        if (end != 0 && g_str_equal(colon + 3, "Soft Reserved"))
            add_range(host, start, end, SPM_HOST_SOURCE_IOMEM);
        else if (end != 0 && g_str_equal(colon + 3, "System RAM (kmem)"))
            note_kmem_memory(host, start);
    }
    if (!addresses)
        host->iomem_why = "/proc/iomem shows addresses to root only";
}

static void
read_memmap(SpmHost *host, SpmHostRoot *root)
{
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, MEMMAP_DIR, &host->memmap_why);

    for (guint i = 0; names && i < names->len && i < RANGES_MAX; i++) {
        gint64 number = spm_host_name_number(g_ptr_array_index(names, i), "");
        g_autofree char *dir = g_strdup_printf(MEMMAP_DIR "/%" G_GINT64_FORMAT, number);
        g_autofree char *type_path = g_strconcat(dir, "/type", NULL);
        g_autofree char *start_path = g_strconcat(dir, "/start", NULL);
        g_autofree char *end_path = g_strconcat(dir, "/end", NULL);
        g_autofree char *type = NULL;
        SpmHostValue start, end;

        if (number < 0)
            continue;
        type = spm_host_read_text(root, type_path, SPM_HOST_LIMIT_ATTR, &host->memmap_why);
        if (!type || !g_str_equal(g_strchomp(type), "Soft Reserved"))
            continue;
        start = spm_host_read_number(root, start_path, SPM_HOST_NUMBER_HEX, 0);
        end = spm_host_read_number(root, end_path, SPM_HOST_NUMBER_HEX, 0);
        if (start.known && end.known)
            add_range(host, start.value, end.value, SPM_HOST_SOURCE_MEMMAP);
        else
            host->memmap_why = start.known ? end.why : start.why;
    }
}

/* The bytes of @range that no dax device covers. The devices do not overlap
 * each other; where a broken tree says they do, less stays unclaimed. */
static void
find_unclaimed(const SpmHost *host, SpmHostRange *range)
{
    guint64 size = range->end - range->start;
    guint64 covered = 0;

    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);
        guint64 start, end;

        if (!dax->resource.known || !dax->size.known) {
            range->claimed_unknown = TRUE;
            continue;
        }
        if (dax->size.value == 0 || dax->resource.value > G_MAXUINT64 - (dax->size.value - 1))
            continue;
        start = MAX(dax->resource.value, range->start);
        end = MIN(dax->resource.value + (dax->size.value - 1), range->end);
        if (start <= end)
            covered += MIN(end - start + 1, G_MAXUINT64 - covered);
    }
    /* size + 1 may not fit for the range that is everything. */
    range->unclaimed = covered > size ? 0 : size - covered + (size - covered == G_MAXUINT64 ? 0 : 1);
}

void
spm_host_read_soft_reserved(SpmHost *host, SpmHostRoot *root)
{
    read_iomem(host, root);
    read_memmap(host, root);
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (dax->origin == SPM_HOST_ORIGIN_SOFT_RESERVED && dax->resource.known && dax->size.known &&
            dax->size.value != 0 && dax->resource.value <= G_MAXUINT64 - (dax->size.value - 1))
            add_range(host, dax->resource.value, dax->resource.value + (dax->size.value - 1), SPM_HOST_SOURCE_DAX);
    }
    for (guint i = 0; i < host->ranges->len; i++)
        find_unclaimed(host, &g_array_index(host->ranges, SpmHostRange, i));
}
