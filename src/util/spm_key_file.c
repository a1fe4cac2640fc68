/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_key_file.h"

#include "util/spm_error.h"

#include <string.h>

/* The section of a line when GKeyFile reads it. The real name may be long, and is not
 * read again for every line. */
#define ANY_SECTION "section"

typedef struct {
    GPtrArray *entries;
    GHashTable *keys; /* of the entries with a key: themselves */
    const char *path;
} Reader;

static void
entry_free(gpointer data)
{
    SpmKeyFileEntry *entry = data;

    g_ref_string_release(entry->section);
    g_free(entry->key);
    g_free(entry->value);
    g_free(entry);
}

static SpmKeyFileEntry *
entry_new(const char *section, guint line)
{
    SpmKeyFileEntry *entry = g_new0(SpmKeyFileEntry, 1);

    /* Of equal ones there is only one, however many entries have it. */
    entry->section = g_ref_string_new_intern(section);
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

static guint
key_hash(gconstpointer data)
{
    const SpmKeyFileEntry *entry = data;

    return g_direct_hash(entry->section) ^ g_str_hash(entry->key);
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    const SpmKeyFileEntry *one = a;
    const SpmKeyFileEntry *other = b;

    return one->section == other->section && g_str_equal(one->key, other->key);
}

/* GKeyFile's view of one line, below the header of a section if it is in one. */
static GKeyFile *
read_line(gboolean in_section, const char *line, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text =
        g_strconcat(in_section ? "[" ANY_SECTION "]\n" : "", line, "\n", NULL);

    /* Otherwise it would drop "key[de]=..." without a word. */
    if (!g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_KEEP_TRANSLATIONS, error))
        return NULL;
    return g_steal_pointer(&file);
}

static gboolean
add_key(Reader *reader, GKeyFile *file, const char *section, const char *key, guint line,
        GError **error)
{
    SpmKeyFileEntry *entry = entry_new(section, line);
    const SpmKeyFileEntry *before;
    g_autoptr(GError) local = NULL;

    g_ptr_array_add(reader->entries, entry);
    entry->key = g_strdup(key);
    before = g_hash_table_lookup(reader->keys, entry);
    if (before)
        return fail(error, reader->path, line,
                    "key '%s' is set a second time; it was set on line %u", key, before->line);
    g_hash_table_add(reader->keys, entry);
    entry->value = g_key_file_get_string(file, ANY_SECTION, key, &local);
    /* A value that is not wholly right is returned, too. */
    return !local || fail(error, reader->path, line, "key '%s': %s", key, local->message);
}

static gboolean
add_line(Reader *reader, const char *text, guint line, GError **error)
{
    GPtrArray *entries = reader->entries;
    const SpmKeyFileEntry *last = entries->len > 0 ? entries->pdata[entries->len - 1] : NULL;
    const char *start = text + strspn(text, " \t\r\f\v");
    g_autoptr(GKeyFile) file = NULL;
    g_autoptr(GError) local = NULL;
    g_auto(GStrv) keys = NULL;

    file = read_line(start[0] != '[' && last, text, &local);
    if (!file)
        return fail(error, reader->path, line, "%s", local->message);
    if (start[0] == '[') {
        g_autofree char *section = g_key_file_get_start_group(file);

        g_ptr_array_add(entries, entry_new(section, line));
        return TRUE;
    }
    keys = last ? g_key_file_get_keys(file, ANY_SECTION, NULL, NULL) : NULL;
    return !keys || !keys[0] || add_key(reader, file, last->section, keys[0], line, error);
}

GPtrArray *
spm_key_file_parse(const char *text, gsize length, const char *path, GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(GHashTable) keys = g_hash_table_new(key_hash, key_equal);
    Reader reader = { entries, keys, path };
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
        if (!add_line(&reader, copy, line, error))
            return NULL;
        text += size + 1;
    }
    return g_steal_pointer(&entries);
}
