/*
 * columns.h: text in aligned columns
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SpmColumns SpmColumns;

/* One letter a column: 'l' for words, 'r' for numbers. */
SpmColumns *spm_columns_new(const char *alignment);
void spm_columns_free(SpmColumns *columns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmColumns, spm_columns_free)

/* The next cell of the table, row by row. */
void spm_columns_add(SpmColumns *columns, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Append the table to @out, each row behind @indent. */
void spm_columns_print(const SpmColumns *columns, GString *out, const char *indent);

G_END_DECLS
