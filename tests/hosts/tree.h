/*
 * tree.h: a directory tree as one text file
 *
 * The trees in tests/hosts/trees are hosts: the few hundred files of sysfs and
 * procfs that src/host reads, in a form that fits a diff. The fuzz target takes
 * the same form. Line by line:
 *
 *     # a comment
 *     PATH = TEXT            a file with one line
 *     PATH =                 a file with the lines that follow, each behind "|"
 *     |LINE
 *     PATH -> TARGET         a symbolic link
 *     PATH ! directory       an empty directory
 *     PATH ! fifo            a named pipe
 *
 * In TEXT and LINE, \\ is a backslash, \xHH any byte, and \c at the end says
 * that no line end follows. PATH has no spaces, is relative and without "..".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Make the tree below @directory, which must exist. Nothing is made outside of
 * it, whatever the text says. Errors: G_FILE_ERROR; where @strict, a malformed
 * line is an error, else it is left out. */
gboolean spm_tree_unpack(const char *text, gsize length, const char *directory, gboolean strict, GError **error);

/* Make it below a new directory of its own and return its name, to be given to
 * spm_tree_remove(). */
char *spm_tree_unpack_temporary(const char *text, gsize length, gboolean strict, GError **error);

/* Remove @directory and all below it, and free the name. */
void spm_tree_remove(char *directory);

G_END_DECLS
