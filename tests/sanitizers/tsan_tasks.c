/*
 * What the thread sanitizer has to know of GLib
 *
 * GLib as distributions ship it is not built with the sanitizer, and its own locks
 * are futexes that the sanitizer does not see. So it does not know that what a task
 * was given is there before its thread begins, and what the thread has done is there
 * before its result is taken. In a build with the sanitizer these functions stand
 * before GLib's and say so. That is all that threads share here; anything else that
 * they touch is reported.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <dlfcn.h>
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#define KEY "tsan-thread-function"

static void
in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GTaskThreadFunc function;

    __tsan_acquire(task);
    function = (GTaskThreadFunc)g_object_get_data(G_OBJECT(task), KEY);
    function(task, source, data, cancellable);
}

void
g_task_run_in_thread(GTask *task, GTaskThreadFunc function)
{
    void (*real)(GTask *, GTaskThreadFunc) = dlsym(RTLD_NEXT, "g_task_run_in_thread");

    g_object_set_data(G_OBJECT(task), KEY, (gpointer)function);
    __tsan_release(task);
    real(task, in_thread);
}

void
g_task_return_boolean(GTask *task, gboolean result)
{
    void (*real)(GTask *, gboolean) = dlsym(RTLD_NEXT, "g_task_return_boolean");

    __tsan_release(task);
    real(task, result);
}

void
g_task_return_error(GTask *task, GError *error)
{
    void (*real)(GTask *, GError *) = dlsym(RTLD_NEXT, "g_task_return_error");

    __tsan_release(task);
    real(task, error);
}

gboolean
g_task_propagate_boolean(GTask *task, GError **error)
{
    gboolean (*real)(GTask *, GError **) = dlsym(RTLD_NEXT, "g_task_propagate_boolean");

    __tsan_acquire(task);
    return real(task, error);
}
