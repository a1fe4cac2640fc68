/*
 * fuzz_emulator: what an emulator says when it is asked
 *
 * The input is all that the emulator writes: to the first question, and, behind a
 * form feed, to the second. No process is started: what the monitor would start is
 * played here, by functions that take the place of GLib's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include "qemu/qemu_capabilities.h"

#include <string.h>

/* A schema is 250 KB; smaller answers find the same. */
#define INPUT_MAX (64 * 1024)

static const uint8_t *said;
static size_t left;

/* ---- in the place of a child ---- */

/* The next part of the input. */
static GInputStream *
next_part(void)
{
    const uint8_t *end = left > 0 ? memchr(said, '\f', left) : NULL;
    size_t size = end ? (size_t)(end - said) : left;
    GInputStream *stream = g_memory_input_stream_new_from_data(g_memdup2(said, size), (gssize)size, g_free);

    said += size + (end ? 1 : 0);
    left -= size + (end ? 1 : 0);
    return stream;
}

GSubprocess *
g_subprocess_launcher_spawnv(GSubprocessLauncher *launcher, const gchar *const *argv, GError **error)
{
    GObject *child = g_object_new(G_TYPE_OBJECT, NULL);

    g_object_set_data_full(child, "out", next_part(), g_object_unref);
    g_object_set_data_full(child, "in", g_memory_output_stream_new_resizable(), g_object_unref);
    return (GSubprocess *)child;
}

GInputStream *
g_subprocess_get_stdout_pipe(GSubprocess *child)
{
    return g_object_get_data((GObject *)child, "out");
}

GOutputStream *
g_subprocess_get_stdin_pipe(GSubprocess *child)
{
    return g_object_get_data((GObject *)child, "in");
}

void
g_subprocess_force_exit(GSubprocess *child)
{
}

/* ---- */

static void
on_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GAsyncResult **answer = user_data;

    *answer = g_object_ref(result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SpmQemuCapsCache *cache;
    g_autoptr(GAsyncResult) answer = NULL;
    g_autoptr(SpmQemuCaps) caps = NULL;
    g_autoptr(GError) error = NULL;

    if (size > INPUT_MAX)
        return 0;
    said = data;
    left = size;
    cache = spm_qemu_caps_cache_new();
    spm_qemu_caps_lookup_async(cache, "/proc/self/exe", NULL, on_answered, &answer);
    while (!answer)
        g_main_context_iteration(NULL, TRUE);
    caps = spm_qemu_caps_lookup_finish(cache, answer, &error);
    check(caps ? !error : error && error->message[0]);
    /* Without a device there is nothing to migrate. */
    if (caps)
        check(caps->sp_mem || !caps->sp_mem_migratable);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    spm_qemu_caps_cache_free(cache);
    return 0;
}
