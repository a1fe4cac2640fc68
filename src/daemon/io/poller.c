/*
 * poller.c: which sockets have something to do
 *
 * Level-triggered: what a handler leaves unread is reported again. The kernel
 * puts what it has reported behind what it has not, and each handler reads once,
 * so no socket starves another, however many are ready.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/poller.h"

#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Sockets dealt with between two looks at what else the main loop has to do. */
#define BATCH 64

/* There may always be a socket that is ready; whatever else is, comes first. */
#define PRIORITY G_PRIORITY_LOW

typedef struct {
    GSource base;
    int set;
    guint watches;
    gboolean has_wakeup; /* the set watches the main loop's wake-up descriptor, too */
    gboolean woken;      /* and that was reported */
    gboolean dispatching;
    /* What was reported and is not dealt with yet. */
    struct epoll_event ready[BATCH];
    int next, count;
} Poller;

struct _SpmWatch {
    Poller *poller;  /* NULL: the set could not take it, and the main loop watches */
    GSource *source; /* instead */
    gpointer tag;
    int fd;
    gboolean watching;
    GIOCondition wanted;
    SpmWatchFunc func;
    gpointer user_data;
};

static __thread Poller *of_this_thread;

/* ---- the set ---- */

G_STATIC_ASSERT((int)G_IO_IN == EPOLLIN && (int)G_IO_OUT == EPOLLOUT);
G_STATIC_ASSERT((int)G_IO_ERR == EPOLLERR && (int)G_IO_HUP == EPOLLHUP);

static void
call(SpmWatch *watch, guint ready)
{
    /* A handler before this one may have changed what is asked for. */
    ready &= watch->wanted | G_IO_HUP | G_IO_ERR | G_IO_NVAL;
    if (watch->watching && ready)
        watch->func(ready, watch->user_data);
}

/* Waits for sockets and deals with them; returns how many were ready, or -1 when
 * epoll_wait() fails. Handlers wait for nothing, so this never comes again within itself.
 * One of them may give the last watch up, so the caller holds the poller. */
static int
deal(Poller *poller, gint timeout)
{
    g_return_val_if_fail(!poller->dispatching, 0);
    poller->woken = FALSE;
    poller->next = 0;
    poller->count = epoll_wait(poller->set, poller->ready, BATCH, timeout);
    poller->dispatching = TRUE;
    while (poller->next < poller->count) {
        struct epoll_event *event = &poller->ready[poller->next++];

        if (event->data.ptr == poller)
            poller->woken = TRUE;
        else if (event->data.ptr)
            call(event->data.ptr, event->events);
    }
    poller->dispatching = FALSE;
    return poller->count;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    deal((Poller *)source, 0);
    return G_SOURCE_CONTINUE;
}

/* poll() for a main loop that is left alone. Mostly there are just its wake-up descriptor
 * and the set: then it waits in the set itself, one system call instead of two, and one
 * wake-up in the kernel instead of two. Sockets are dealt with here, so that no message
 * waits for what the loop does between polling and dispatching, until the loop is woken
 * up or its time has come. */
static gint
wait_in_set(GPollFD *fds, guint n_fds, gint timeout)
{
    Poller *poller = of_this_thread;
    gint64 left, until = timeout > 0 ? g_get_monotonic_time() + (gint64)timeout * 1000 : 0;
    GPollFD *wakeup;
    int count;

    if (!poller || poller->dispatching || n_fds != 2 ||
        (fds[0].fd != poller->set && fds[1].fd != poller->set))
        return g_poll(fds, n_fds, timeout);

    wakeup = &fds[fds[0].fd == poller->set];
    if (!poller->has_wakeup) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = poller };

        if (epoll_ctl(poller->set, EPOLL_CTL_ADD, wakeup->fd, &event) < 0)
            return g_poll(fds, n_fds, timeout);
        poller->has_wakeup = TRUE;
    }
    fds[0].revents = fds[1].revents = 0;
    g_source_ref(&poller->base);
    do {
        count = deal(poller, timeout);
        if (until > 0) {
            left = until - g_get_monotonic_time();
            timeout = left > 0 ? (gint)((left + 999) / 1000) : 0;
        }
    } while (count > 0 && !poller->woken && timeout != 0);
    if (poller->woken)
        wakeup->revents = G_IO_IN;
    g_source_unref(&poller->base);
    return count < 0 ? -1 : wakeup->revents != 0;
}

GMainContext *
spm_poller_context_new(void)
{
    /* So that whatever is added to it wakes it up, also what is added by the thread that
     * runs it, from within a watch's function. */
    GMainContext *context = g_main_context_new_with_flags(G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);

    g_main_context_set_poll_func(context, wait_in_set);
    return context;
}

static void
finalize(GSource *source)
{
    close(((Poller *)source)->set);
}

/* NULL when there is no descriptor left for it. */
static Poller *
poller_get(void)
{
    static GSourceFuncs funcs = { .dispatch = dispatch, .finalize = finalize };
    int set;

    if (of_this_thread)
        return of_this_thread;
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0)
        return NULL;
    of_this_thread = (Poller *)g_source_new(&funcs, sizeof(Poller));
    of_this_thread->set = set;
    g_source_set_static_name(&of_this_thread->base, "virtspmd sockets");
    g_source_add_unix_fd(&of_this_thread->base, set, G_IO_IN);
    g_source_set_priority(&of_this_thread->base, PRIORITY);
    /* Otherwise GLib takes the descriptor out for as long as it is dispatched, and
     * wakes itself up twice: three system calls more, of seven a message. */
    g_source_set_can_recurse(&of_this_thread->base, TRUE);
    g_source_attach(&of_this_thread->base, g_main_context_get_thread_default());
    return of_this_thread;
}

static void
poller_release(Poller *poller)
{
    if (--poller->watches > 0)
        return;
    of_this_thread = NULL;
    g_source_destroy(&poller->base);
    g_source_unref(&poller->base);
}

/* ---- without it ---- */

typedef struct {
    GSource base;
    SpmWatch *watch;
} Fallback;

static gboolean
dispatch_fallback(GSource *source, GSourceFunc callback, gpointer data)
{
    SpmWatch *watch = ((Fallback *)source)->watch;

    if (watch->tag)
        call(watch, g_source_query_unix_fd(source, watch->tag));
    return G_SOURCE_CONTINUE;
}

static void
fall_back(SpmWatch *watch)
{
    static GSourceFuncs funcs = { .dispatch = dispatch_fallback };

    watch->source = g_source_new(&funcs, sizeof(Fallback));
    ((Fallback *)watch->source)->watch = watch;
    g_source_set_static_name(watch->source, "virtspmd socket");
    g_source_set_priority(watch->source, PRIORITY);
    g_source_attach(watch->source, g_main_context_get_thread_default());
}

/* ---- watches ---- */

/* Have the kernel watch as the watch says; FALSE when it cannot. */
static gboolean
tell_kernel(SpmWatch *watch, int operation)
{
    struct epoll_event event = { .events = watch->wanted, .data.ptr = watch };

    return epoll_ctl(watch->poller->set, operation, watch->fd, &event) == 0;
}

SpmWatch *
spm_watch_new(int fd, SpmWatchFunc func, gpointer user_data)
{
    SpmWatch *watch = g_new0(SpmWatch, 1);
    Poller *poller = poller_get();

    watch->fd = fd;
    watch->func = func;
    watch->user_data = user_data;
    if (poller) {
        watch->poller = poller;
        poller->watches++;
    }
    spm_watch_set(watch, 0);
    return watch;
}

void
spm_watch_set(SpmWatch *watch, GIOCondition wanted)
{
    gboolean was_watching = watch->watching;

    if (was_watching && watch->wanted == wanted)
        return;
    watch->watching = TRUE;
    watch->wanted = wanted;
    if (watch->poller && !watch->source) {
        if (tell_kernel(watch, was_watching ? EPOLL_CTL_MOD : EPOLL_CTL_ADD))
            return;
    }
    if (!watch->source)
        fall_back(watch);
    if (watch->tag)
        g_source_modify_unix_fd(watch->source, watch->tag, wanted);
    else
        watch->tag = g_source_add_unix_fd(watch->source, watch->fd, wanted);
}

void
spm_watch_pause(SpmWatch *watch)
{
    if (!watch->watching)
        return;
    watch->watching = FALSE;
    if (!watch->source)
        tell_kernel(watch, EPOLL_CTL_DEL);
    else if (watch->tag)
        g_source_remove_unix_fd(watch->source, g_steal_pointer(&watch->tag));
}

void
spm_watch_free(SpmWatch *watch)
{
    Poller *poller;

    if (!watch)
        return;
    spm_watch_pause(watch);
    if (watch->source) {
        g_source_destroy(watch->source);
        g_source_unref(watch->source);
    }
    poller = watch->poller;
    if (poller) {
        for (int i = poller->next; i < poller->count; i++) {
            if (poller->ready[i].data.ptr == watch)
                poller->ready[i].data.ptr = NULL;
        }
        poller_release(poller);
    }
    g_free(watch);
}
