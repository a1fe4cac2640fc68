/*
 * spm_key_file.h: a key file, and on which line of it each thing stands
 *
 * The format is GKeyFile's (sections, keys, values, comments); it reads every line.
 * What it does not tell, and a person with a mistake in a file wants to know, is
 * the line; and of a key that is set twice it would silently take the last.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    char *section; /* a GRefString: entries of one section have the same */
    char *key;   /* NULL: the section begins here */
    char *value; /* unescaped; NULL with the key */
    guint line;  /* from 1 */
} SpmKeyFileEntry;

/* In the order of the file. @path is for messages. Errors
 * (SPM_ERROR_CONFIG_UNSUPPORTED) begin with "PATH:LINE: "; a key that is set twice
 * is one. Takes time in proportion to @length. */
GPtrArray *spm_key_file_parse(const char *text, gsize length, const char *path,
                              GError **error); /* of SpmKeyFileEntry */

/* An error about @entry. Returns FALSE. */
gboolean spm_key_file_fail(const SpmKeyFileEntry *entry, const char *path, GError **error,
                           const char *format, ...) G_GNUC_PRINTF(4, 5);

G_END_DECLS
