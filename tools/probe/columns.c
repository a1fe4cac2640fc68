/*
 * columns.c: text in aligned columns
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/columns.h"

#include <string.h>

struct _SpmColumns {
    char *alignment;
    GPtrArray *cells;
};

SpmColumns *
spm_columns_new(const char *alignment)
{
    SpmColumns *columns = g_new0(SpmColumns, 1);

    columns->alignment = g_strdup(alignment);
    columns->cells = g_ptr_array_new_with_free_func(g_free);
    return columns;
}

void
spm_columns_free(SpmColumns *columns)
{
    if (!columns)
        return;
    g_free(columns->alignment);
    g_ptr_array_unref(columns->cells);
    g_free(columns);
}

void
spm_columns_add(SpmColumns *columns, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(columns->cells, g_strdup_vprintf(format, args));
    va_end(args);
}

static void
pad(GString *out, glong count)
{
    for (; count > 0; count--)
        g_string_append_c(out, ' ');
}

void
spm_columns_print(const SpmColumns *columns, GString *out, const char *indent)
{
    gsize n = strlen(columns->alignment);
    g_autofree glong *widths = g_new0(glong, n);

    for (guint i = 0; i < columns->cells->len; i++)
        widths[i % n] = MAX(widths[i % n], g_utf8_strlen(g_ptr_array_index(columns->cells, i), -1));
    for (guint i = 0; i < columns->cells->len; i++) {
        const char *cell = g_ptr_array_index(columns->cells, i);
        glong spare = widths[i % n] - g_utf8_strlen(cell, -1);
        gboolean last = i % n == n - 1;

        g_string_append(out, i % n == 0 ? indent : "  ");
        if (columns->alignment[i % n] == 'r')
            pad(out, spare);
        g_string_append(out, cell);
        if (columns->alignment[i % n] == 'l' && !last)
            pad(out, spare);
        if (last) {
            while (out->len > 0 && out->str[out->len - 1] == ' ')
                g_string_truncate(out, out->len - 1);
            g_string_append_c(out, '\n');
        }
    }
}
