/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_key_file.h"

#include "util/spm_error.h"

#include <string.h>

static void
entry_free(gpointer data)
{
    SpmKeyFileEntry *entry = data;

    g_free(entry->section);
    g_free(entry->key);
    g_free(entry->value);
    g_free(entry);
}

static SpmKeyFileEntry *
entry_new(const char *section, guint line)
{
    SpmKeyFileEntry *entry = g_new0(SpmKeyFileEntry, 1);

    entry->section = g_strdup(section);
    entry->line = line;
    return entry;
}

G_GNUC_PRINTF(4, 5)
static gboolean
fail(GError **error, const char *path, guint line, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "%s:%u: %s", path, line, what);
    if (error)
        spm_error_set_line(*error, (int)line);
    return FALSE;
}

gboolean
spm_key_file_fail(const SpmKeyFileEntry *entry, const char *path, GError **error,
                  const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    return fail(error, path, entry->line, "%s", what);
}

/* GKeyFile's view of one line, below a header of the section that it is in. */
static GKeyFile *
read_line(const char *section, const char *line, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text =
        section ? g_strdup_printf("[%s]\n%s\n", section, line) : g_strdup_printf("%s\n", line);

    /* Otherwise it would drop "key[de]=..." without a word. */
    if (!g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_KEEP_TRANSLATIONS, error))
        return NULL;
    return g_steal_pointer(&file);
}

static SpmKeyFileEntry *
find(const GPtrArray *entries, const char *section, const char *key)
{
    for (guint i = 0; i < entries->len; i++) {
        SpmKeyFileEntry *entry = g_ptr_array_index(entries, i);

        if (entry->key && g_str_equal(entry->section, section) && g_str_equal(entry->key, key))
            return entry;
    }
    return NULL;
}

static gboolean
add_key(GPtrArray *entries, GKeyFile *file, const char *section, const char *key, const char *path,
        guint line, GError **error)
{
    const SpmKeyFileEntry *before = find(entries, section, key);
    g_autoptr(GError) local = NULL;
    SpmKeyFileEntry *entry;

    if (before)
        return fail(error, path, line, "key '%s' is set a second time; it was set on line %u", key,
                    before->line);
    entry = entry_new(section, line);
    entry->key = g_strdup(key);
    entry->value = g_key_file_get_string(file, section, key, &local);
    g_ptr_array_add(entries, entry);
    /* A value that is not wholly right is returned, too. */
    return !local || fail(error, path, line, "key '%s': %s", key, local->message);
}

static gboolean
add_line(GPtrArray *entries, const char *text, const char *path, guint line, GError **error)
{
    const SpmKeyFileEntry *last = entries->len > 0 ? entries->pdata[entries->len - 1] : NULL;
    const char *start = text + strspn(text, " \t\r\f\v");
    g_autoptr(GKeyFile) file = NULL;
    g_autoptr(GError) local = NULL;
    g_auto(GStrv) keys = NULL;

    file = read_line(start[0] == '[' || !last ? NULL : last->section, text, &local);
    if (!file)
        return fail(error, path, line, "%s", local->message);
    if (start[0] == '[') {
        g_autofree char *section = g_key_file_get_start_group(file);

        g_ptr_array_add(entries, entry_new(section, line));
        return TRUE;
    }
    keys = last ? g_key_file_get_keys(file, last->section, NULL, NULL) : NULL;
    return !keys || !keys[0] || add_key(entries, file, last->section, keys[0], path, line, error);
}

GPtrArray *
spm_key_file_parse(const char *text, gsize length, const char *path, GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    const char *end = text + length;

    for (guint line = 1; text < end; line++) {
        const char *newline = memchr(text, '\n', end - text);
        gsize size = (newline ? newline : end) - text;
        g_autofree char *copy = g_strndup(text, size);

        if (strlen(copy) != size) {
            fail(error, path, line, "a NUL byte; this is not a text file");
            return NULL;
        }
        if (!g_utf8_validate(copy, (gssize)size, NULL)) {
            fail(error, path, line, "bytes that are not UTF-8; save the file as UTF-8 text");
            return NULL;
        }
        if (!add_line(entries, copy, path, line, error))
            return NULL;
        text += size + 1;
    }
    return g_steal_pointer(&entries);
}
