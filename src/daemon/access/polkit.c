/*
 * polkit.c: may this process use libvirt?
 *
 * Each question has a connection to the bus of its own: questions are rare, a bus
 * that was restarted needs no care, and polkit drops the questions of a caller that
 * has left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/access/polkit.h"

#include "util/spm_error.h"

/* org.freedesktop.PolicyKit1.Authority.CheckAuthorization */
#define ALLOW_USER_INTERACTION 1
#define DISMISSED "polkit.dismissed"
#define QUESTION "question" /* names it, among those of its connection */

typedef struct {
    GVariant *arguments;
    const char *action;
    GDBusConnection *bus;
} Question;

static void
question_free(gpointer data)
{
    Question *question = data;

    if (question->bus)
        g_dbus_connection_close(question->bus, NULL, NULL, NULL);
    g_clear_object(&question->bus);
    g_variant_unref(question->arguments);
    g_free(question);
}

static void
call(GDBusConnection *bus, const char *method, GVariant *arguments, const char *reply,
     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_dbus_connection_call(bus, "org.freedesktop.PolicyKit1",
                           "/org/freedesktop/PolicyKit1/Authority",
                           "org.freedesktop.PolicyKit1.Authority", method, arguments,
                           reply ? G_VARIANT_TYPE(reply) : NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                           cancellable, callback, user_data);
}

/* With what to do about it: nobody can be let in before. Takes @error. */
static void
fail(GTask *task, GError *error)
{
    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        GError *told = g_error_new(SPM_ERROR, SPM_ERROR_AUTH_UNAVAILABLE,
                                   "polkit cannot be asked (%s); start dbus and polkit, or set "
                                   "auth-unix-rw and auth-unix-ro to 'none' in virtspmd's "
                                   "configuration",
                                   error->message);

        g_error_free(error);
        error = told;
    }
    g_task_return_error(task, error);
}

/* libvirtd's words for each of polkit's. */
static void
decide(GTask *task, GVariant *reply)
{
    const Question *question = g_task_get_task_data(task);
    g_autoptr(GVariantIter) details = NULL;
    gboolean authorized, challenge, dismissed = FALSE;
    const char *name, *value;

    g_variant_get(reply, "((bba{ss}))", &authorized, &challenge, &details);
    while (g_variant_iter_next(details, "{&s&s}", &name, &value))
        dismissed |= g_str_equal(name, DISMISSED) && value[0] != '\0';
    if (authorized)
        g_task_return_boolean(task, TRUE);
    else if (dismissed)
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_AUTH_CANCELLED,
                                "user cancelled authentication process");
    else if (challenge)
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_AUTH_UNAVAILABLE,
                                "no polkit agent available to authenticate action '%s'",
                                question->action);
    else
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_AUTH_FAILED, "access denied by policy");
}

static void
answered(GObject *bus, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        /* A person may still be looking at it. */
        call(G_DBUS_CONNECTION(bus), "CancelCheckAuthorization", g_variant_new("(s)", QUESTION),
             NULL, NULL, NULL, NULL);
    if (reply)
        decide(task, reply);
    else
        fail(task, g_steal_pointer(&error));
}

static void
connected(GObject *source, GAsyncResult *result, gpointer data)
{
    GTask *task = data;
    Question *question = g_task_get_task_data(task);
    GError *error = NULL;

    question->bus = g_dbus_connection_new_for_address_finish(result, &error);
    if (!question->bus) {
        fail(task, error);
        g_object_unref(task);
        return;
    }
    call(question->bus, "CheckAuthorization", question->arguments, "((bba{ss}))",
         g_task_get_cancellable(task), answered, task);
}

static GVariant *
arguments_for(const SpmPeer *peer, const char *action)
{
    GVariantBuilder subject;

    g_variant_builder_init(&subject, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&subject, "{sv}", "pid", g_variant_new_uint32(peer->pid));
    g_variant_builder_add(&subject, "{sv}", "start-time", g_variant_new_uint64(peer->start_time));
    g_variant_builder_add(&subject, "{sv}", "uid", g_variant_new_int32((gint32)peer->uid));
    return g_variant_ref_sink(g_variant_new("((sa{sv})sa{ss}us)", "unix-process", &subject, action,
                                            NULL, ALLOW_USER_INTERACTION, QUESTION));
}

void
spm_polkit_check_async(const SpmPeer *peer, SpmAccess access, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    g_autofree char *address = NULL;
    Question *question;
    GError *error = NULL;

    /* polkit would take another process of this number for it. */
    if (peer->pid == 0 || peer->start_time == 0) {
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_AUTH_FAILED,
                                "polkit cannot be asked about a process of another PID namespace, "
                                "or one that has ended");
        return;
    }
    address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!address) {
        fail(task, error);
        return;
    }
    question = g_new0(Question, 1);
    question->action =
        access == SPM_ACCESS_READ_ONLY ? "org.libvirt.unix.monitor" : "org.libvirt.unix.manage";
    question->arguments = arguments_for(peer, question->action);
    g_task_set_task_data(task, question, question_free);
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, cancellable, connected, g_steal_pointer(&task));
}

gboolean
spm_polkit_check_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
