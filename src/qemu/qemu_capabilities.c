/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_capabilities.h"

#include <string.h>
#include <sys/stat.h>

#include "qemu/qemu_caps_store.h"
#include "qemu/qemu_command.h"
#include "qemu/qemu_monitor.h"
#include "util/spm_error.h"
#include "util/spm_memory.h"

typedef struct {
    SpmQemuFingerprint fingerprint;
    SpmQemuCaps *caps;      /* NULL while the emulator is being asked */
    GPtrArray *waiting;     /* of GTask */
} Entry;

struct _SpmQemuCapsCache {
    GHashTable *entries;    /* binary -> Entry */
    char *folder;           /* of answers on disk, or NULL */
};

SpmQemuCaps *
spm_qemu_caps_new(const char *binary)
{
    SpmQemuCaps *caps = g_rc_box_new0(SpmQemuCaps);

    caps->binary = g_strdup(binary);
    return caps;
}

SpmQemuCaps *
spm_qemu_caps_ref(SpmQemuCaps *caps)
{
    return g_rc_box_acquire(caps);
}

static void
caps_clear(gpointer data)
{
    SpmQemuCaps *caps = data;

    g_free(caps->binary);
    g_free(caps->version);
}

void
spm_qemu_caps_unref(SpmQemuCaps *caps)
{
    g_rc_box_release_full(caps, caps_clear);
}

SpmQemuCaps *
spm_qemu_caps_assume(const char *features, GError **error)
{
    g_autoptr(SpmQemuCaps) caps = spm_qemu_caps_new(NULL);
    g_auto(GStrv) words = g_strsplit(features, ",", -1);

    for (char **word = words; *word; word++) {
        if (g_str_equal(*word, "sp-mem")) {
            caps->sp_mem = TRUE;
        } else if (g_str_equal(*word, "memmap-type")) {
            caps->memmap_type = TRUE;
        } else if (g_str_equal(*word, "migratable")) {
            caps->sp_mem_migratable = TRUE;
        } else {
            g_set_error(error, SPM_ERROR, SPM_ERROR_INVALID_ARG,
                        "'%s' is not a feature of an emulator; use 'sp-mem', 'memmap-type' or 'migratable'",
                        *word);
            return NULL;
        }
    }
    return g_steal_pointer(&caps);
}

static void
entry_free(Entry *entry)
{
    g_clear_pointer(&entry->caps, spm_qemu_caps_unref);
    g_ptr_array_unref(entry->waiting);
    g_free(entry);
}

SpmQemuCapsCache *
spm_qemu_caps_cache_new(void)
{
    SpmQemuCapsCache *cache = g_rc_box_new0(SpmQemuCapsCache);

    cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)entry_free);
    return cache;
}

static void
cache_clear(gpointer data)
{
    SpmQemuCapsCache *cache = data;

    g_hash_table_unref(cache->entries);
    g_free(cache->folder);
}

void
spm_qemu_caps_cache_keep_in(SpmQemuCapsCache *cache, const char *folder)
{
    g_free(cache->folder);
    cache->folder = g_strdup(folder);
}

void
spm_qemu_caps_cache_free(SpmQemuCapsCache *cache)
{
    g_rc_box_release_full(cache, cache_clear);
}

static gboolean
take_fingerprint(const char *binary, SpmQemuFingerprint *fingerprint, GError **error)
{
    struct stat st;

    /* Clear the padding too: fingerprints are compared as memory. */
    memset(fingerprint, 0, sizeof *fingerprint);
    if (!g_path_is_absolute(binary)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "the emulator '%s' is not an absolute path; write it like /usr/bin/qemu-system-x86_64",
                    binary);
        return FALSE;
    }
    if (stat(binary, &st) != 0 || !S_ISREG(st.st_mode)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "there is no emulator %s; install it, or name another in <devices><emulator>", binary);
        return FALSE;
    }
    fingerprint->device = st.st_dev;
    fingerprint->inode = st.st_ino;
    fingerprint->size = (guint64)st.st_size;
    fingerprint->seconds = st.st_mtim.tv_sec;
    fingerprint->nanoseconds = st.st_mtim.tv_nsec;
    return TRUE;
}

/* One question under way: first what the binary knows, then how it builds. */
typedef struct {
    SpmQemuCapsCache *cache;
    SpmQemuCaps *caps;
    gboolean open;          /* a part had no answer: not for the disk */
} Question;

static void
question_free(Question *question)
{
    spm_qemu_caps_cache_free(question->cache);
    spm_qemu_caps_unref(question->caps);
    g_free(question);
}

static void
return_caps(GTask *task, SpmQemuCaps *caps)
{
    g_task_return_pointer(task, spm_qemu_caps_ref(caps), (GDestroyNotify)spm_qemu_caps_unref);
}

/* Gives every waiting caller the answer, or @why there is none. */
static void
answer_all(Question *question, const GError *why)
{
    Entry *entry = g_hash_table_lookup(question->cache->entries, question->caps->binary);
    g_autoptr(GPtrArray) waiting = g_steal_pointer(&entry->waiting);

    entry->waiting = g_ptr_array_new_with_free_func(g_object_unref);
    if (why)
        g_hash_table_remove(question->cache->entries, question->caps->binary);
    else
        entry->caps = spm_qemu_caps_ref(question->caps);
    if (!why && !question->open && question->cache->folder)
        spm_caps_store_write(question->cache->folder, question->caps, &entry->fingerprint);
    for (guint i = 0; i < waiting->len; i++) {
        if (why)
            g_task_return_error(waiting->pdata[i], g_error_copy(why));
        else
            return_caps(waiting->pdata[i], question->caps);
    }
    question_free(question);
}

static JsonNode *
returned(const GPtrArray *answers, guint index)
{
    return json_object_get_member(answers->pdata[index], "return");
}

static gint64
int_member(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64
               ? json_node_get_int(node)
               : -1;
}

static JsonObject *
object_member(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static const char *
string_member(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

static JsonArray *
array_member(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static char *
read_version(JsonNode *answer)
{
    JsonObject *root = answer && JSON_NODE_HOLDS_OBJECT(answer) ? json_node_get_object(answer) : NULL;
    JsonObject *qemu = object_member(root, "qemu");
    gint64 major = int_member(qemu, "major");
    gint64 minor = int_member(qemu, "minor");
    gint64 micro = int_member(qemu, "micro");

    if (major < 0 || minor < 0 || micro < 0)
        return NULL;
    return spm_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, major,
                             minor, micro);
}

/* The element of an array of objects whose member @name is @value. */
static JsonObject *
find_in(JsonArray *array, const char *name, const char *value)
{
    guint length = array ? json_array_get_length(array) : 0;

    for (guint i = 0; value && i < length; i++) {
        JsonNode *node = json_array_get_element(array, i);
        JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        if (object && g_strcmp0(string_member(object, name), value) == 0)
            return object;
    }
    return NULL;
}

/* The schema masks type names, so the way goes by what is named: the command
 * set-numa-node takes NumaOptions, whose variant "node" is NumaNodeOptions. */
static gboolean
read_memmap_type(JsonNode *answer)
{
    JsonArray *schema = answer && JSON_NODE_HOLDS_ARRAY(answer) ? json_node_get_array(answer) : NULL;
    JsonObject *command = find_in(schema, "name", "set-numa-node");
    JsonObject *options = command ? find_in(schema, "name", string_member(command, "arg-type")) : NULL;
    JsonObject *variant = options ? find_in(array_member(options, "variants"), "case", "node") : NULL;
    JsonObject *node = variant ? find_in(schema, "name", string_member(variant, "type")) : NULL;

    return node && find_in(array_member(node, "members"), "name", "memmap-type");
}

#define PROBE_BACKEND "virtspm-probe"

/* QEMU's table of RAM blocks has a row for every block; the name, which
 * migration goes by, is empty while no device registered it. */
static gboolean
read_migratable(JsonNode *answer)
{
    const char *table = answer && JSON_NODE_HOLDS_VALUE(answer) ? json_node_get_string(answer) : NULL;
    g_auto(GStrv) rows = table ? g_strsplit(table, "\n", -1) : NULL;

    for (char **row = rows; row && *row; row++) {
        if (g_str_has_prefix(g_strchug(*row), PROBE_BACKEND))
            return TRUE;
    }
    return FALSE;
}

static void
on_machine_answered(GObject *source, GAsyncResult *result, gpointer data)
{
    Question *question = data;
    g_autoptr(GPtrArray) answers = spm_monitor_ask_finish(result, NULL);

    /* An emulator that cannot build even this machine leaves the question
     * open, and open means that memory counts as lost. */
    question->open = !answers;
    if (answers)
        question->caps->sp_mem_migratable = read_migratable(returned(answers, 0));
    answer_all(question, NULL);
}

static void
on_binary_answered(GObject *source, GAsyncResult *result, gpointer data)
{
    static const char *const machine[] = {
        "-machine", "pc,accel=tcg", "-m", "size=16M,slots=1,maxmem=32M",
        "-object", "memory-backend-ram,id=ram0,size=16M", "-numa", "node,nodeid=0,memdev=ram0",
        "-object", "memory-backend-ram,id=" PROBE_BACKEND ",size=2M",
        "-device", SPM_QEMU_DEVICE ",memdev=" PROBE_BACKEND ",node=0", NULL
    };
    static const char *const commands[] = {
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"info ramblock\"}}", NULL
    };
    Question *question = data;
    SpmQemuCaps *caps = question->caps;
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) answers = spm_monitor_ask_finish(result, &why);
    JsonNode *properties;

    if (!answers) {
        answer_all(question, why);
        return;
    }
    caps->version = read_version(returned(answers, 0));
    properties = returned(answers, 1);
    caps->sp_mem = properties && JSON_NODE_HOLDS_ARRAY(properties);
    caps->memmap_type = read_memmap_type(returned(answers, 2));
    if (caps->sp_mem)
        spm_monitor_ask_async(caps->binary, machine, commands, 0, NULL, on_machine_answered, question);
    else
        answer_all(question, NULL);
}

static void
ask(SpmQemuCapsCache *cache, const char *binary)
{
    static const char *const machine[] = { "-machine", "none", NULL };
    static const char *const commands[] = {
        "{\"execute\":\"query-version\"}",
        "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"" SPM_QEMU_DEVICE "\"}}",
        "{\"execute\":\"query-qmp-schema\"}", NULL
    };
    Question *question = g_new0(Question, 1);

    question->cache = g_rc_box_acquire(cache);
    question->caps = spm_qemu_caps_new(binary);
    spm_monitor_ask_async(binary, machine, commands, 0, NULL, on_binary_answered, question);
}

void
spm_qemu_caps_lookup_async(SpmQemuCapsCache *cache, const char *binary, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    SpmQemuFingerprint fingerprint;
    GError *why = NULL;
    Entry *entry;

    if (!take_fingerprint(binary, &fingerprint, &why)) {
        g_task_return_error(task, why);
        return;
    }
    entry = g_hash_table_lookup(cache->entries, binary);
    if (entry && entry->caps && memcmp(&entry->fingerprint, &fingerprint, sizeof fingerprint) == 0) {
        return_caps(task, entry->caps);
        return;
    }
    if (entry && !entry->caps) {
        g_ptr_array_add(entry->waiting, g_steal_pointer(&task));
        return;
    }
    entry = g_new0(Entry, 1);
    entry->fingerprint = fingerprint;
    entry->waiting = g_ptr_array_new_with_free_func(g_object_unref);
    g_hash_table_replace(cache->entries, g_strdup(binary), entry);
    if (cache->folder)
        entry->caps = spm_caps_store_read(cache->folder, binary, &fingerprint);
    if (entry->caps) {
        return_caps(task, entry->caps);
    } else {
        g_ptr_array_add(entry->waiting, g_steal_pointer(&task));
        ask(cache, binary);
    }
}

SpmQemuCaps *
spm_qemu_caps_lookup_finish(SpmQemuCapsCache *cache, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

typedef struct {
    GMainLoop *loop;
    GAsyncResult *result;
} Wait;

static void
on_looked_up(GObject *source, GAsyncResult *result, gpointer data)
{
    Wait *wait = data;

    wait->result = g_object_ref(result);
    g_main_loop_quit(wait->loop);
}

SpmQemuCaps *
spm_qemu_caps_lookup(SpmQemuCapsCache *cache, const char *binary, GError **error)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GMainLoop) loop = g_main_loop_new(context, FALSE);
    g_autoptr(GAsyncResult) result = NULL;
    Wait wait = { loop, NULL };
    SpmQemuCaps *caps;

    g_main_context_push_thread_default(context);
    spm_qemu_caps_lookup_async(cache, binary, NULL, on_looked_up, &wait);
    g_main_loop_run(loop);
    result = wait.result;
    caps = spm_qemu_caps_lookup_finish(cache, result, error);
    g_main_context_pop_thread_default(context);
    return caps;
}

SpmQemuCaps *
spm_qemu_caps_known(SpmQemuCapsCache *cache, const char *binary)
{
    const Entry *entry = g_hash_table_lookup(cache->entries, binary);
    SpmQemuFingerprint fingerprint;

    if (!take_fingerprint(binary, &fingerprint, NULL))
        return NULL;
    if (entry && entry->caps && memcmp(&entry->fingerprint, &fingerprint, sizeof fingerprint) == 0)
        return spm_qemu_caps_ref(entry->caps);
    return cache->folder ? spm_caps_store_read(cache->folder, binary, &fingerprint) : NULL;
}
