/*
 * tree.c: a directory tree as one text file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "hosts/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What one text may make, against fuzzers. */
#define FILES_MAX 20000

typedef struct {
    int root;
    gboolean strict;
    guint line;
    guint files;
    char *path;    /* of the file whose lines are being collected, or NULL */
    GString *data;
} Unpack;

static gboolean
fail(const Unpack *unpack, GError **error, const char *what)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "line %u: %s", unpack->line, what);
    return FALSE;
}

/* The directory that @path lies in, made as needed, and no link followed. */
static int
open_parent(int root, char **parts, guint n)
{
    int fd = fcntl(root, F_DUPFD_CLOEXEC, 3);

    for (guint i = 0; fd >= 0 && i + 1 < n; i++) {
        int below;

        if (mkdirat(fd, parts[i], 0755) < 0 && errno != EEXIST) {
            close(fd);
            return -1;
        }
        below = openat(fd, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(fd);
        fd = below;
    }
    return fd;
}

static gboolean
make_file(int parent, const char *name, const GString *data)
{
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    gboolean done = fd >= 0 && write(fd, data->str, data->len) == (gssize)data->len;

    if (fd >= 0)
        close(fd);
    return done;
}

/* @kind: '=' file, '-' link, 'd' directory, 'f' FIFO. */
static gboolean
make(Unpack *unpack, const char *path, char kind, const GString *data, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint n = g_strv_length(parts);
    gboolean done = FALSE;
    int parent;

    for (guint i = 0; i < n; i++) {
        if (*parts[i] == '\0' || g_str_equal(parts[i], ".") || g_str_equal(parts[i], ".."))
            return fail(unpack, error, "the path is not plain and relative");
    }
    if (n == 0 || ++unpack->files > FILES_MAX)
        return fail(unpack, error, "too many files");
    parent = open_parent(unpack->root, parts, n);
    if (parent < 0)
        return fail(unpack, error, g_strerror(errno));
    if (kind == '=')
        done = make_file(parent, parts[n - 1], data);
    else if (kind == '-')
        done = symlinkat(data->str, parent, parts[n - 1]) == 0;
    else if (kind == 'd')
        done = mkdirat(parent, parts[n - 1], 0755) == 0 || errno == EEXIST;
    else
        done = mkfifoat(parent, parts[n - 1], 0644) == 0;
    close(parent);
    return done || fail(unpack, error, g_strerror(errno));
}

/* Append @text with its escapes taken out, and its line end. */
static gboolean
append_text(GString *data, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at != '\\') {
            g_string_append_c(data, *at);
        } else if (at[1] == '\\') {
            g_string_append_c(data, *++at);
        } else if (at[1] == 'c' && at[2] == '\0') {
            return TRUE;
        } else if (at[1] == 'x' && g_ascii_isxdigit(at[2]) && g_ascii_isxdigit(at[3])) {
            g_string_append_c(data, (char)(g_ascii_xdigit_value(at[2]) * 16 + g_ascii_xdigit_value(at[3])));
            at += 3;
        } else {
            return FALSE;
        }
    }
    g_string_append_c(data, '\n');
    return TRUE;
}

static gboolean
end_lines(Unpack *unpack, GError **error)
{
    g_autofree char *path = g_steal_pointer(&unpack->path);

    return !path || make(unpack, path, '=', unpack->data, error);
}

static gboolean
take_line(Unpack *unpack, char *line, GError **error)
{
    char *space;

    if (*line == '|') {
        if (!unpack->path)
            return fail(unpack, error, "a line of no file");
        return append_text(unpack->data, line + 1) || fail(unpack, error, "an unknown escape");
    }
    if (!end_lines(unpack, error))
        return FALSE;
    g_string_truncate(unpack->data, 0);
    if (*line == '\0' || *line == '#')
        return TRUE;
    space = strchr(line, ' ');
    if (!space)
        return fail(unpack, error, "expected PATH = TEXT, PATH -> TARGET or PATH ! KIND");
    *space++ = '\0';
    if (g_str_equal(space, "=")) {
        unpack->path = g_strdup(line);
        return TRUE;
    }
    if (g_str_has_prefix(space, "= "))
        return (append_text(unpack->data, space + 2) || fail(unpack, error, "an unknown escape")) &&
               make(unpack, line, '=', unpack->data, error);
    if (g_str_has_prefix(space, "-> ")) {
        g_string_assign(unpack->data, space + 3);
        return make(unpack, line, '-', unpack->data, error);
    }
    if (g_str_equal(space, "! directory") || g_str_equal(space, "! fifo"))
        return make(unpack, line, space[2], NULL, error);
    return fail(unpack, error, "expected PATH = TEXT, PATH -> TARGET or PATH ! KIND");
}

gboolean
spm_tree_unpack(const char *text, gsize length, const char *directory, gboolean strict, GError **error)
{
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    g_autoptr(GString) data = g_string_new(NULL);
    Unpack unpack = { .strict = strict, .data = data };
    gboolean done = TRUE;

    unpack.root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (unpack.root < 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", directory, g_strerror(errno));
        return FALSE;
    }
    for (guint i = 0; lines[i] && done; i++) {
        unpack.line = i + 1;
        done = take_line(&unpack, lines[i], strict ? error : NULL) || !strict;
    }
    done = done && (end_lines(&unpack, strict ? error : NULL) || !strict);
    g_free(unpack.path);
    close(unpack.root);
    return done;
}

char *
spm_tree_unpack_temporary(const char *text, gsize length, gboolean strict, GError **error)
{
    char *directory = g_dir_make_tmp("spm-host-XXXXXX", error);

    if (directory && !spm_tree_unpack(text, length, directory, strict, error)) {
        spm_tree_remove(directory);
        return NULL;
    }
    return directory;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    return remove(path);
}

void
spm_tree_remove(char *directory)
{
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    g_free(directory);
}
