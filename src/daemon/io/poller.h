/*
 * poller.h: which sockets have something to do
 *
 * A main loop of GLib hands every descriptor it watches to the kernel each time
 * it waits, so that every call of one client would pay for all idle ones. The
 * sockets are in an epoll set instead, which is one descriptor to the main loop
 * and costs what is ready, not what is watched.
 *
 * Each thread has one set, made with its first watch and gone with its last. It
 * belongs to the main context that was the thread's default one then.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A main context for a thread that has little else to do than to watch sockets: the
 * main loop is left alone until there is something for it. It learns of sources that a
 * watch's function adds or changes, and of g_main_loop_quit(); not of a variable that
 * whoever runs the loop goes by. GLib 2.72. */
GMainContext *spm_poller_context_new(void);

typedef struct _SpmWatch SpmWatch;

/* @ready: what the watch asks for and can be had, and G_IO_HUP and G_IO_ERR,
 * which are not asked for. May free any watch, its own too. */
typedef void (*SpmWatchFunc)(GIOCondition ready, gpointer user_data);

/* Watch @fd, for nothing yet. It stays the caller's, who frees the watch before
 * he closes it: another descriptor of the same socket would keep it in the set. */
SpmWatch *spm_watch_new(int fd, SpmWatchFunc func, gpointer user_data);
void spm_watch_free(SpmWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmWatch, spm_watch_free)

/* Watch for these, G_IO_IN and G_IO_OUT, or for neither. Changes nothing, and
 * costs nothing, when it does so already. */
void spm_watch_set(SpmWatch *watch, GIOCondition wanted);

/* Watch no more, not even for the peer's hanging up, until the next
 * spm_watch_set(). */
void spm_watch_pause(SpmWatch *watch);

G_END_DECLS
