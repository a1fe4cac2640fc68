/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_caps_store.h"

#include "util/spm_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Another number when other questions are asked, or answers read in another way. */
#define QUESTIONS 1

#define SYSTEM_FOLDER "/var/cache/virtspm"

char *
spm_caps_store_default_folder(void)
{
    const char *given = g_getenv("CACHE_DIRECTORY");

    if (given && g_path_is_absolute(given))
        return g_strndup(given, strcspn(given, ":"));
    return geteuid() == 0 ? g_strdup(SYSTEM_FOLDER)
                          : g_build_filename(g_get_user_cache_dir(), "virtspm", NULL);
}

/* The name is for people, the number for emulators of the same name. */
static char *
path_of(const char *folder, const char *binary)
{
    g_autofree char *base = g_path_get_basename(binary);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, binary, -1);
    g_autofree char *name = spm_strdup_printf("%.64s-%.16s.json", base, sum);

    return g_build_filename(folder, name, NULL);
}

static gboolean
is_ours(const struct stat *st)
{
    return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static gboolean
folder_is_ours(const char *folder)
{
    struct stat st;

    return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && is_ours(&st);
}

/* ---- files ---- */

/* The whole file, or NULL when it is not there or not to be trusted. What is
 * looked at is what is read: the checks are on the open file. */
static char *
read_ours(const char *path, gsize *length)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *text = NULL;
    struct stat st;
    gssize got = -1;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_ours(&st) && st.st_size > 0 &&
        st.st_size <= SPM_CAPS_STORE_FILE_MAX) {
        text = g_malloc((gsize)st.st_size);
        got = read(fd, text, (gsize)st.st_size);
    }
    close(fd);
    if (got <= 0 || got != st.st_size)
        return NULL;
    *length = (gsize)got;
    return g_steal_pointer(&text);
}

/* ---- what a file says ---- */

static void
add_int(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_bool(JsonBuilder *builder, const char *name, gboolean value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static char *
format(const SpmQemuCaps *caps, const SpmQemuFingerprint *fingerprint)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    add_string(builder, "virtspm", SPM_VERSION);
    add_int(builder, "questions", QUESTIONS);
    add_string(builder, "binary", caps->binary);
    add_int(builder, "device", (gint64)fingerprint->device);
    add_int(builder, "inode", (gint64)fingerprint->inode);
    add_int(builder, "size", (gint64)fingerprint->size);
    add_int(builder, "seconds", fingerprint->seconds);
    add_int(builder, "nanoseconds", fingerprint->nanoseconds);
    if (caps->version)
        add_string(builder, "version", caps->version);
    add_bool(builder, "sp-mem", caps->sp_mem);
    add_bool(builder, "memmap-type", caps->memmap_type);
    add_bool(builder, "sp-mem-migratable", caps->sp_mem_migratable);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

static JsonNode *
value_of(JsonObject *object, const char *name, GType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node : NULL;
}

static gboolean
read_bool(JsonObject *object, const char *name, gboolean *value)
{
    JsonNode *node = value_of(object, name, G_TYPE_BOOLEAN);

    if (node)
        *value = json_node_get_boolean(node);
    return node != NULL;
}

/* Could an emulator have answered this? */
static gboolean
is_possible(const SpmQemuCaps *caps)
{
    return (caps->sp_mem || !caps->sp_mem_migratable) &&
           (!caps->version || caps->version[strspn(caps->version, "0123456789.")] == '\0');
}

static SpmQemuCaps *
read_answers(JsonObject *object, const char *binary)
{
    g_autoptr(SpmQemuCaps) caps = spm_qemu_caps_new(binary);
    JsonNode *version = value_of(object, "version", G_TYPE_STRING);

    caps->version = version ? g_strdup(json_node_get_string(version)) : NULL;
    if (!read_bool(object, "sp-mem", &caps->sp_mem) ||
        !read_bool(object, "memmap-type", &caps->memmap_type) ||
        !read_bool(object, "sp-mem-migratable", &caps->sp_mem_migratable) || !is_possible(caps))
        return NULL;
    return g_steal_pointer(&caps);
}

static SpmQemuCaps *
parse(const char *text, gsize length, const char *binary)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonNode *root = json_parser_load_from_data(parser, text, (gssize)length, NULL)
                         ? json_parser_get_root(parser)
                         : NULL;

    return root && JSON_NODE_HOLDS_OBJECT(root) ? read_answers(json_node_get_object(root), binary)
                                                : NULL;
}

/* Only the answers are taken from the text. All that they depend on, and that nothing
 * else is in the file, shows when it is compared with what would be written. */
SpmQemuCaps *
spm_caps_store_read(const char *folder, const char *binary, const SpmQemuFingerprint *fingerprint)
{
    g_autofree char *path = path_of(folder, binary);
    g_autofree char *text = NULL;
    g_autofree char *expected = NULL;
    g_autoptr(SpmQemuCaps) caps = NULL;
    gsize length;

    if (!folder_is_ours(folder) || !(text = read_ours(path, &length)))
        return NULL;
    caps = parse(text, length, binary);
    expected = caps ? format(caps, fingerprint) : NULL;
    if (!expected || strlen(expected) != length || memcmp(expected, text, length) != 0) {
        g_info("%s is not used: it is damaged, of another version of virtspm, or %s has changed "
               "since; the emulator is asked again",
               path, binary);
        return NULL;
    }
    return g_steal_pointer(&caps);
}

/* ---- writing ---- */

static gboolean
is_full(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint count = 0;

    while (dir && g_dir_read_name(dir))
        count++;
    return count >= SPM_CAPS_STORE_FILES_MAX;
}

void
spm_caps_store_write(const char *folder, const SpmQemuCaps *caps,
                     const SpmQemuFingerprint *fingerprint)
{
    g_autofree char *path = path_of(folder, caps->binary);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    /* A path that is not UTF-8 cannot be told in JSON. */
    if (!g_utf8_validate(caps->binary, -1, NULL))
        return;
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_info("what emulators answer is not kept: cannot make %s: %s", folder, g_strerror(errno));
        return;
    }
    if (!folder_is_ours(folder)) {
        g_message("what emulators answer is not kept in %s: it belongs to somebody else, or others "
                  "may write to it; make it this user's own, with mode 0700",
                  folder);
        return;
    }
    if (!g_file_test(path, G_FILE_TEST_EXISTS) && is_full(folder))
        return;
    text = format(caps, fingerprint);
    if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        g_info("what %s answered is not kept: %s", caps->binary, error->message);
}
