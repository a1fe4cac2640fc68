/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_monitor.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "util/spm_error.h"
#include "util/spm_memory.h"

/* Levels of a JSON answer; QEMU's need a handful. */
#define DEPTH_MAX 64

typedef struct {
    char *binary;
    GSubprocess *child;
    GCancellable *stop;          /* ends reading and writing: time is up, or the caller cancelled */
    gboolean timed_out;
    guint seconds;
    GSource *timeout;
    GCancellable *callers;
    gulong callers_id;
    GString *sent;               /* all commands */
    GString *line;               /* what was read of the current line */
    gsize total;
    gboolean greeted;
    guint wanted;                /* answers still to come, that to qmp_capabilities first */
    gboolean capabilities_done;
    GPtrArray *answers;
} Conversation;

static void
conversation_free(Conversation *talk)
{
    if (talk->timeout)
        g_source_destroy(talk->timeout);
    g_clear_pointer(&talk->timeout, g_source_unref);
    if (talk->callers_id)
        g_cancellable_disconnect(talk->callers, talk->callers_id);
    g_clear_object(&talk->callers);
    if (talk->child)
        g_subprocess_force_exit(talk->child);
    g_clear_object(&talk->child);
    g_clear_object(&talk->stop);
    g_string_free(talk->sent, TRUE);
    g_string_free(talk->line, TRUE);
    g_ptr_array_unref(talk->answers);
    g_free(talk->binary);
    g_free(talk);
}

/* Runs in the child between fork and exec: only system calls. The emulator is
 * named by whoever defines a domain, and asking it needs no rights at all. */
static void
drop_privileges(gpointer data)
{
    const struct passwd *nobody = data;

    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)
        _exit(126);
}

static const struct passwd *
unprivileged(void)
{
    static struct passwd nobody = { .pw_uid = 65534, .pw_gid = 65534 };
    static gsize once;

    if (g_once_init_enter(&once)) {
        const struct passwd *found = getpwnam("nobody");

        if (found) {
            nobody.pw_uid = found->pw_uid;
            nobody.pw_gid = found->pw_gid;
        }
        g_once_init_leave(&once, 1);
    }
    return &nobody;
}

static void
fail(GTask *task, const char *why)
{
    Conversation *talk = g_task_get_task_data(task);

    if (talk->callers && g_cancellable_is_cancelled(talk->callers))
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
    else if (talk->timed_out)
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                "the emulator %s did not answer over QMP within %u seconds; is it a QEMU that runs on this host?",
                                talk->binary, talk->seconds);
    else
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                "the emulator %s %s; name a QEMU system emulator in <devices><emulator>",
                                talk->binary, why);
}

/* Could the line be JSON that is not nested without end? json-glib before 1.10
 * calls itself for each level, so this has to be known before it parses.
 * Outside of strings only what JSON needs may stand: json-glib takes comments
 * too, which could hide a quote. */
static gboolean
is_shallow(const char *line, gsize length)
{
    static const char others[] = "[]{}:,.+- \t\r";
    gboolean quoted = FALSE;
    guint depth = 0;

    for (gsize i = 0; i < length; i++) {
        if (quoted && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if ((line[i] == '[' || line[i] == '{') && ++depth > DEPTH_MAX)
            return FALSE;
        else if ((line[i] == ']' || line[i] == '}') && depth-- == 0)
            return FALSE;
        else if (!g_ascii_isalnum(line[i]) && !memchr(others, line[i], sizeof others - 1))
            return FALSE;
    }
    return TRUE;
}

/* FALSE when the line is not what QMP may say here. */
static gboolean
take_line(Conversation *talk)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root;
    JsonObject *object;

    if (!is_shallow(talk->line->str, talk->line->len) ||
        !json_parser_load_from_data(parser, talk->line->str, (gssize)talk->line->len, NULL) ||
        !(root = json_parser_get_root(parser)) || !JSON_NODE_HOLDS_OBJECT(root))
        return FALSE;
    object = json_node_get_object(root);
    if (!talk->greeted) {
        talk->greeted = TRUE;
        return json_object_has_member(object, "QMP");
    }
    if (json_object_has_member(object, "event"))
        return TRUE;
    if (!json_object_has_member(object, "return") && !json_object_has_member(object, "error"))
        return FALSE;
    if (!talk->capabilities_done) {
        talk->capabilities_done = TRUE;
        return json_object_has_member(object, "return");
    }
    if (talk->wanted > 0) {
        talk->wanted--;
        g_ptr_array_add(talk->answers, json_object_ref(object));
    }
    return TRUE;
}

static void read_more(GTask *task);

static void
on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    Conversation *talk = g_task_get_task_data(task);
    g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, NULL);
    gsize length = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;

    if (length == 0) {
        fail(task, "ended before it answered over QMP");
        return;
    }
    talk->total += length;
    if (talk->total > SPM_MONITOR_MAX) {
        fail(task, "says more than any QEMU would");
        return;
    }
    while (length > 0 && talk->wanted > 0) {
        const char *end = memchr(text, '\n', length);
        gsize part = end ? (gsize)(end - text) : length;

        g_string_append_len(talk->line, text, (gssize)part);
        if (!end)
            break;
        if (!take_line(talk)) {
            fail(task, "does not talk QMP");
            return;
        }
        g_string_truncate(talk->line, 0);
        text = end + 1;
        length -= part + 1;
    }
    if (talk->wanted == 0)
        g_task_return_pointer(task, g_ptr_array_ref(talk->answers),
                              (GDestroyNotify)g_ptr_array_unref);
    else
        read_more(g_steal_pointer(&task));
}

static void
read_more(GTask *task)
{
    Conversation *talk = g_task_get_task_data(task);

    g_input_stream_read_bytes_async(g_subprocess_get_stdout_pipe(talk->child), 64 * 1024,
                                    G_PRIORITY_DEFAULT, talk->stop, on_read, task);
}

/* A child that closed its end has its say through on_read(). */
static void
on_written(GObject *source, GAsyncResult *result, gpointer task)
{
    g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, NULL);
    g_object_unref(task);
}

static gboolean
on_timeout(gpointer data)
{
    Conversation *talk = data;

    talk->timed_out = TRUE;
    g_cancellable_cancel(talk->stop);
    return G_SOURCE_REMOVE;
}

static void
on_cancelled(GCancellable *cancellable, gpointer data)
{
    g_cancellable_cancel(data);
}

static GPtrArray *
build_argv(const char *binary, const char *const *arguments)
{
    static const char *const always[] = { "-S", "-no-user-config", "-nodefaults", "-display", "none",
                                          "-qmp", "stdio" };
    GPtrArray *argv = g_ptr_array_new();

    g_ptr_array_add(argv, (gpointer)binary);
    for (gsize i = 0; i < G_N_ELEMENTS(always); i++)
        g_ptr_array_add(argv, (gpointer)always[i]);
    for (; *arguments; arguments++)
        g_ptr_array_add(argv, (gpointer)*arguments);
    g_ptr_array_add(argv, NULL);
    return argv;
}

static gboolean
start(Conversation *talk, const char *const *arguments, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
        G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    g_autoptr(GPtrArray) argv = build_argv(talk->binary, arguments);
    static const char *const environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };

    /* A child that closed its end is an error of writing (EPIPE), not our death.
     * GLib's sockets ignore the signal for the whole process likewise. */
    signal(SIGPIPE, SIG_IGN);
    g_subprocess_launcher_set_environ(launcher, (char **)environment);
    g_subprocess_launcher_set_cwd(launcher, "/");
    g_subprocess_launcher_set_child_setup(launcher, drop_privileges, (gpointer)unprivileged(), NULL);
    talk->child = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, error);
    return talk->child != NULL;
}

void
spm_monitor_ask_async(const char *binary, const char *const *arguments,
                      const char *const *commands, guint seconds, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Conversation *talk = g_new0(Conversation, 1);
    g_autoptr(GError) why = NULL;

    /* The answer counts even when the caller gave up meanwhile; fail() tells. */
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, talk, (GDestroyNotify)conversation_free);
    talk->binary = g_strdup(binary);
    talk->seconds = seconds ? seconds : SPM_MONITOR_SECONDS;
    talk->stop = g_cancellable_new();
    talk->line = g_string_new(NULL);
    talk->sent = g_string_new("{\"execute\":\"qmp_capabilities\"}\n");
    talk->answers = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
    for (; *commands; commands++, talk->wanted++)
        spm_string_append_printf(talk->sent, "%s\n", *commands);

    if (!start(talk, arguments, &why)) {
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                "the emulator %s cannot be run: %s; install it, or name another in <devices><emulator>",
                                binary, why->message);
        return;
    }
    /* Not g_timeout_source_new_seconds(): that may fire most of a second early. */
    talk->timeout = g_timeout_source_new(talk->seconds * 1000);
    g_source_set_callback(talk->timeout, on_timeout, talk, NULL);
    g_source_attach(talk->timeout, g_main_context_get_thread_default());
    if (cancellable) {
        talk->callers = g_object_ref(cancellable);
        talk->callers_id = g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled),
                                                 g_object_ref(talk->stop), g_object_unref);
    }
    g_output_stream_write_all_async(g_subprocess_get_stdin_pipe(talk->child), talk->sent->str,
                                    talk->sent->len, G_PRIORITY_DEFAULT, talk->stop, on_written,
                                    g_object_ref(task));
    read_more(g_steal_pointer(&task));
}

GPtrArray *
spm_monitor_ask_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
