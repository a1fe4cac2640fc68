/*
 * conversation_parts.c: the emulators, the host and polkit of a conversation
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation_private.h"

#include "host/host_nodes.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the host ---- */

/* Where the host's nodes are looked for. There are none, so node 0 has all CPUs. */
static char *sysroot;

static void
remove_sysroot(void)
{
    rmdir(sysroot);
    g_free(sysroot);
}

static const char *
empty_host(void)
{
    if (!sysroot) {
        sysroot = g_dir_make_tmp("virtspm-XXXXXX", NULL);
        g_assert_nonnull(sysroot);
        atexit(remove_sysroot);
    }
    return sysroot;
}

/* ---- the emulator ---- */

static gboolean emulator_waits;
static GQueue emulator_tasks = G_QUEUE_INIT; /* GTask */

SpmQemuCaps *
conversation_caps(const char *emulator)
{
    const char *features;
    SpmQemuCaps *caps;

    if (g_str_equal(emulator, EMULATOR_SPM))
        features = "sp-mem";
    else if (g_str_equal(emulator, EMULATOR_FIXED))
        features = "sp-mem,migratable";
    else if (g_str_equal(emulator, EMULATOR_PLAIN))
        features = "";
    else
        return NULL;
    caps = spm_qemu_caps_assume(features, NULL);
    caps->binary = g_strdup(emulator);
    caps->version = g_strdup("11.1.3");
    return caps;
}

/* As emulator @as answers, or as the one that was asked about when that is NULL. */
static void
answer_lookup(GTask *task, const char *as)
{
    const char *emulator = as ? as : g_task_get_task_data(task);
    SpmQemuCaps *caps = conversation_caps(emulator);

    if (caps)
        g_task_return_pointer(task, caps, (GDestroyNotify)spm_qemu_caps_unref);
    else
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                "cannot run emulator %s", emulator);
    g_object_unref(task);
}

static void
lookup_async(SpmQemuCapsCache *cache, const char *binary, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);

    g_task_set_task_data(task, g_strdup(binary), g_free);
    if (emulator_waits)
        g_queue_push_tail(&emulator_tasks, task);
    else
        answer_lookup(task, NULL);
}

static SpmQemuCaps *
lookup_finish(SpmQemuCapsCache *cache, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* As if the emulator had been asked before. */
static SpmQemuCaps *
known(SpmQemuCapsCache *cache, const char *binary)
{
    return conversation_caps(binary);
}

void
conversation_let_emulator_answer(void)
{
    GTask *task;

    emulator_waits = FALSE;
    while ((task = g_queue_pop_head(&emulator_tasks)))
        answer_lookup(task, NULL);
}

void
conversation_emulator_wait(void)
{
    emulator_waits = TRUE;
}

guint
conversation_emulator_questions(void)
{
    return emulator_tasks.length;
}

gboolean
conversation_emulator_answer(guint index, const char *as)
{
    GTask *task = g_queue_pop_nth(&emulator_tasks, index);

    if (task)
        answer_lookup(task, as);
    return task != NULL;
}

char *
conversation_lowered(const char *xml, const char *emulator, gboolean memoryless)
{
    g_autoptr(SpmQemuCaps) caps = conversation_caps(emulator);
    g_autoptr(SpmNodeset) nodes = spm_host_nodes_with_cpus(empty_host(), NULL);
    g_autoptr(GError) error = NULL;
    SpmLoweringContext context = {
        .qemu = caps,
        .memoryless_cells = memoryless,
        .nodes_with_cpus = nodes,
    };
    char *lowered = spm_domain_lower(xml, strlen(xml), &context, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(lowered, !=, xml);
    return lowered;
}

/* ---- polkit ---- */

static GTask *polkit_question; /* what it is asked now */
static SpmAccess polkit_access;

static void
authorize_async(const SpmPeer *peer, SpmAccess access, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data)
{
    g_assert_null(polkit_question);
    g_assert_cmpuint(peer->uid, ==, 1234);
    polkit_access = access;
    polkit_question = g_task_new(NULL, cancellable, callback, user_data);
}

static gboolean
authorize_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

void
conversation_polkit_is_asked(SpmAccess access)
{
    while (!polkit_question)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(polkit_access, ==, access);
}

/* Yes, without an error. */
void
conversation_polkit_says(int code)
{
    g_autoptr(GTask) task = g_steal_pointer(&polkit_question);

    g_assert_nonnull(task);
    if (code == 0)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_new_error(task, SPM_ERROR, code, "access denied by policy");
}

void
conversation_polkit_is_asked_no_more(void)
{
    while (!g_cancellable_is_cancelled(g_task_get_cancellable(polkit_question)))
        g_main_context_iteration(NULL, TRUE);
    conversation_polkit_says(0);
}

/* ---- all of them ---- */

static gint64
wall_clock(void)
{
    return CONVERSATION_TIME;
}

void
conversation_play_parts(SpmEnvironment *environment)
{
    environment->lookup_async = lookup_async;
    environment->lookup_finish = lookup_finish;
    environment->authorize_async = authorize_async;
    environment->authorize_finish = authorize_finish;
    environment->known = known;
    environment->wall_clock = wall_clock;
    environment->sysroot = empty_host();
}
