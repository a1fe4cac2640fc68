/*
 * fuzz_caps_store: what emulators answered, as a file on disk
 *
 * The first byte of an input says how it is taken.
 *
 *   'F'  the rest is the file, with "@VERSION@" for virtspm's own. It is believed
 *        only if what it then says, written anew, is the same file; and whoever is not
 *        believed is told of in the log.
 *   'W'  the rest is what an emulator answered and by what name: a byte for the
 *        features, one for the parts of the version (of 255 there is none), then the
 *        name. Written and read it is the same.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include "qemu/qemu_caps_store.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 4096
#define BINARY "/usr/bin/qemu-system-x86_64"
#define VERSION "@VERSION@"

static const SpmQemuFingerprint print = { 64769, 4711, 23456, 1750000000, 123456789 };

static char *folder;
static guint told; /* lines in the log */

/* ---- the folder ---- */

/* The only file in it, or NULL. */
static char *
the_file(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name = dir ? g_dir_read_name(dir) : NULL;

    return name ? g_build_filename(folder, name, NULL) : NULL;
}

static void
empty_folder(void)
{
    g_autofree char *file = the_file();

    if (file)
        g_unlink(file);
}

static void
remove_folder(void)
{
    empty_folder();
    g_rmdir(folder);
    g_free(folder);
}

static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) {
        g_log_writer_standard_streams(level, fields, n_fields, NULL);
        abort();
    }
    told++;
    return G_LOG_WRITER_HANDLED;
}

static void
make_folder(void)
{
    /* A file is replaced for every input, which a disk need not know. */
    const char *dir = g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir();

    folder = g_build_filename(dir, "virtspm-XXXXXX", NULL);
    check(g_mkdtemp(folder));
    atexit(remove_folder);
    g_log_set_writer_func(write_log, NULL, NULL);
}

/* ---- 'F' ---- */

static GString *
read_text(const uint8_t *data, size_t size)
{
    GString *text = g_string_new_len((const char *)data, (gssize)size);
    char *found = memmem(text->str, text->len, VERSION, strlen(VERSION));

    if (found) {
        gssize at = found - text->str;

        g_string_erase(text, at, strlen(VERSION));
        g_string_insert(text, at, SPM_VERSION);
    }
    return text;
}

/* Where the answers about BINARY are looked for. */
static char *
path_of_binary(void)
{
    g_autoptr(SpmQemuCaps) caps = spm_qemu_caps_new(BINARY);

    spm_caps_store_write(folder, caps, &print);
    return the_file();
}

static void
check_possible(const SpmQemuCaps *caps)
{
    check(g_strcmp0(caps->binary, BINARY) == 0);
    check(caps->sp_mem || !caps->sp_mem_migratable);
    check(!caps->version || strspn(caps->version, "0123456789.") == strlen(caps->version));
}

static void
as_file(const uint8_t *data, size_t size)
{
    g_autofree char *path = path_of_binary();
    g_autoptr(GString) text = read_text(data, size);
    g_autoptr(SpmQemuCaps) caps = NULL;
    g_autofree char *again = NULL;
    gsize length;

    check(g_file_set_contents_full(path, text->str, (gssize)text->len, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
    told = 0;
    caps = spm_caps_store_read(folder, BINARY, &print);
    if (!caps) {
        check(told > 0 || text->len == 0);
        return;
    }
    check_possible(caps);
    g_unlink(path);
    spm_caps_store_write(folder, caps, &print);
    check(g_file_get_contents(path, &again, &length, NULL));
    if (length != text->len || memcmp(again, text->str, length) != 0)
        broken("believed is\n%s\nand written would be\n%s", text->str, again);
}

/* ---- 'W' ---- */

static void
as_answer(Script *script)
{
    guint8 features = script_byte(script);
    guint8 numbers = script_byte(script);
    gsize length;
    const char *name = (const char *)script_bytes(script, script->left, &length);
    g_autofree char *below = g_strndup(name, length);
    g_autofree char *binary = g_strconcat("/", below, NULL);
    g_autoptr(SpmQemuCaps) caps = spm_qemu_caps_new(binary);
    g_autoptr(SpmQemuCaps) back = NULL;

    caps->sp_mem = (features & 1) != 0;
    caps->memmap_type = (features & 2) != 0;
    caps->sp_mem_migratable = caps->sp_mem && (features & 4) != 0;
    if (numbers != G_MAXUINT8)
        caps->version = g_strdup_printf("%d.%d.%d", numbers >> 4, numbers >> 2 & 3, numbers & 3);
    spm_caps_store_write(folder, caps, &print);
    back = spm_caps_store_read(folder, binary, &print);
    /* A path that is not UTF-8 cannot be written. */
    if (!g_utf8_validate(binary, -1, NULL)) {
        check(!back);
        return;
    }
    check(back && g_str_equal(back->binary, binary));
    check(g_strcmp0(back->version, caps->version) == 0);
    check(back->sp_mem == caps->sp_mem && back->memmap_type == caps->memmap_type);
    check(back->sp_mem_migratable == caps->sp_mem_migratable);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Script script = { data, size };

    if (size < 1 || size > INPUT_MAX)
        return 0;
    if (!folder)
        make_folder();
    script_byte(&script);
    if (data[0] == 'F')
        as_file(data + 1, size - 1);
    else if (data[0] == 'W')
        as_answer(&script);
    empty_folder();
    return 0;
}
