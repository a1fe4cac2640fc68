/*
 * Which sockets have something to do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/poller.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than the poller deals with at once. */
#define MANY 150

typedef struct Pair Pair;

struct Pair {
    int ours, theirs;
    SpmWatch *watch;
    GIOCondition ready; /* what was reported, in all */
    guint calls;        /* atomic */
    gboolean reads;     /* what has come */
    Pair *frees;        /* whose watch goes when this one is reported */
    guint starts_at;    /* an idle function and a timer, when it is reported for this time */
    guint ran;          /* of these */
    GMainContext *context; /* in which they start */
};

static gboolean
run(gpointer data)
{
    ((Pair *)data)->ran++;
    return G_SOURCE_REMOVE;
}

/* Takes @source. */
static void
start(GSource *source, Pair *pair)
{
    g_source_set_callback(source, run, pair, NULL);
    g_source_attach(source, pair->context);
    g_source_unref(source);
}

static void
reported(GIOCondition ready, gpointer data)
{
    Pair *pair = data;
    char byte;

    pair->ready |= ready;
    g_atomic_int_inc(&pair->calls);
    if (pair->reads)
        g_assert_cmpint(recv(pair->ours, &byte, 1, 0), ==, 1);
    if (pair->frees)
        g_clear_pointer(&pair->frees->watch, spm_watch_free);
    if (pair->calls == pair->starts_at) {
        start(g_idle_source_new(), pair);
        start(g_timeout_source_new(1), pair);
    }
}

static void
open_pair(Pair *pair)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
    pair->ours = fds[0];
    pair->theirs = fds[1];
}

static void
watch_pair(Pair *pair, GIOCondition wanted)
{
    pair->watch = spm_watch_new(pair->ours, reported, pair);
    spm_watch_set(pair->watch, wanted);
}

static void
close_pair(Pair *pair)
{
    spm_watch_free(pair->watch);
    close(pair->ours);
    if (pair->theirs >= 0)
        close(pair->theirs);
}

static void
send_byte(Pair *pair)
{
    g_assert_cmpint(send(pair->theirs, "", 1, MSG_NOSIGNAL), ==, 1);
}

static void
settle(void)
{
    for (guint i = 0; i < 10; i++)
        g_main_context_iteration(NULL, FALSE);
}

static void
test_only_what_is_asked_for_is_reported(void)
{
    Pair pair = { 0 };

    open_pair(&pair);
    watch_pair(&pair, 0);
    send_byte(&pair);
    settle();
    g_assert_cmpuint(pair.calls, ==, 0);

    spm_watch_set(pair.watch, G_IO_IN);
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(pair.ready, ==, G_IO_IN);
    spm_watch_set(pair.watch, G_IO_OUT);
    pair.ready = 0;
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(pair.ready, ==, G_IO_OUT);
    close_pair(&pair);
}

static void
test_hanging_up_is_reported_unasked(void)
{
    Pair pair = { 0 };

    open_pair(&pair);
    watch_pair(&pair, 0);
    close(pair.theirs);
    pair.theirs = -1;
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(pair.ready, ==, G_IO_HUP);

    /* For ever, unless it is paused. */
    spm_watch_pause(pair.watch);
    pair.calls = 0;
    settle();
    g_assert_cmpuint(pair.calls, ==, 0);
    spm_watch_set(pair.watch, 0);
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(pair.calls, ==, 1);
    close_pair(&pair);
}

/* The main loop waits for as many descriptors as before. */
static void
test_idle_sockets_cost_the_main_loop_nothing(void)
{
    static Pair pairs[MANY];
    gint timeout, one, many;

    open_pair(&pairs[0]);
    watch_pair(&pairs[0], G_IO_IN);
    one = g_main_context_query(g_main_context_default(), G_MAXINT, &timeout, NULL, 0);
    for (guint i = 1; i < MANY; i++) {
        open_pair(&pairs[i]);
        watch_pair(&pairs[i], G_IO_IN);
    }
    many = g_main_context_query(g_main_context_default(), G_MAXINT, &timeout, NULL, 0);
    g_assert_cmpint(many, ==, one);
    for (guint i = 0; i < MANY; i++)
        close_pair(&pairs[i]);
}

/* All are always ready, for nobody reads. */
static void
test_nobody_starves(void)
{
    static Pair pairs[MANY];
    guint least = G_MAXUINT, most = 0;

    for (guint i = 0; i < MANY; i++) {
        open_pair(&pairs[i]);
        watch_pair(&pairs[i], G_IO_IN);
        send_byte(&pairs[i]);
    }
    for (guint i = 0; i < 300; i++)
        g_main_context_iteration(NULL, FALSE);
    for (guint i = 0; i < MANY; i++) {
        least = MIN(least, pairs[i].calls);
        most = MAX(most, pairs[i].calls);
        close_pair(&pairs[i]);
    }
    g_assert_cmpuint(least, >, 0);
    g_assert_cmpuint(most - least, <=, 1);
}

/* Who runs the loop until nothing happens goes by what an iteration says. */
static void
test_the_main_loop_says_that_something_happened(void)
{
    Pair pair = { 0 };

    open_pair(&pair);
    watch_pair(&pair, G_IO_IN);
    settle();
    g_assert_false(g_main_context_iteration(NULL, FALSE));
    send_byte(&pair);
    g_assert_true(g_main_context_iteration(NULL, FALSE));
    g_assert_cmpuint(pair.calls, ==, 1);
    close_pair(&pair);
}

typedef struct {
    const char *name;
    gboolean always_ready; /* nobody reads what has come */
    gboolean stays;        /* the loop is left alone */
} Loop;

static const Loop loops[] = {
    { "busy", TRUE, FALSE },
    { "idle", FALSE, FALSE },
    { "busy-and-left-alone", TRUE, TRUE },
    { "idle-and-left-alone", FALSE, TRUE },
};

static GMainContext *
begin_loop(const Loop *loop)
{
    GMainContext *context = loop->stays ? spm_poller_context_new() : g_main_context_new();

    g_main_context_push_thread_default(context);
    return context;
}

static void
end_loop(GMainContext *context)
{
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
}

/* Started while a socket is dealt with, when the main loop is not looking. */
static void
test_what_a_handler_starts_runs(gconstpointer data)
{
    const Loop *loop = data;
    GMainContext *context = begin_loop(loop);
    Pair pair = { .context = context, .starts_at = 1, .reads = !loop->always_ready };

    open_pair(&pair);
    watch_pair(&pair, G_IO_IN);
    while (g_main_context_iteration(context, FALSE))
        ; /* of the watch the main loop was told */
    send_byte(&pair);
    while (pair.ran < 2)
        g_main_context_iteration(context, TRUE);
    close_pair(&pair);
    end_loop(context);
}

/* And the set, which is waited in, goes with it. */
static void
test_the_last_watch_may_end_itself(gconstpointer data)
{
    GMainContext *context = begin_loop(data);
    Pair pair = { .context = context, .frees = &pair, .starts_at = 1 };

    open_pair(&pair);
    watch_pair(&pair, G_IO_IN);
    while (g_main_context_iteration(context, FALSE))
        ;
    send_byte(&pair);
    while (pair.ran < 2)
        g_main_context_iteration(context, TRUE);
    g_assert_cmpuint(pair.calls, ==, 1);
    close_pair(&pair);
    end_loop(context);
}

static const Loop left_alone = { "", TRUE, TRUE };

/* It deals with what comes a thousand times, and the main loop hardly turns; a time that
 * is far away changes nothing. */
static void
test_a_loop_that_is_left_alone_stays(gconstpointer data)
{
    guint seconds = GPOINTER_TO_UINT(data);
    GMainContext *context = begin_loop(&left_alone);
    Pair pair = { .context = context, .starts_at = 1000 }, later = { .context = context };
    guint turns = 0;

    open_pair(&pair);
    watch_pair(&pair, G_IO_IN);
    if (seconds > 0)
        start(g_timeout_source_new_seconds(seconds), &later);
    send_byte(&pair);
    for (; pair.ran < 2; turns++)
        g_main_context_iteration(context, TRUE);
    g_assert_cmpuint(turns, <, 10);
    g_assert_cmpuint(later.ran, ==, 0);
    close_pair(&pair);
    end_loop(context);
}

static gpointer
start_later(gpointer data)
{
    Pair *pair = data;

    while (g_atomic_int_get(&pair->calls) < 100)
        g_thread_yield();
    start(g_idle_source_new(), pair);
    return NULL;
}

/* Sockets that are always ready do not keep it from what another thread starts, */
static void
test_a_loop_that_is_left_alone_hears_of_other_threads(void)
{
    GMainContext *context = begin_loop(&left_alone);
    Pair pair = { .context = context };
    GThread *thread;

    open_pair(&pair);
    watch_pair(&pair, G_IO_IN);
    while (g_main_context_iteration(context, FALSE))
        ;
    send_byte(&pair);
    thread = g_thread_new("starter", start_later, &pair);
    while (pair.ran == 0)
        g_main_context_iteration(context, TRUE);
    g_thread_join(thread);
    close_pair(&pair);
    end_loop(context);
}

/* Only a time that comes while sockets are dealt with shows anything. */
static gboolean
run_behind_calls(gpointer data)
{
    Pair *pair = data;

    return pair->calls > 1 ? run(pair) : G_SOURCE_CONTINUE;
}

/* nor from a time that comes. */
static void
test_a_loop_that_is_left_alone_looks_at_the_clock(void)
{
    GMainContext *context = begin_loop(&left_alone);
    Pair pair = { .context = context };
    g_autoptr(GSource) timer = g_timeout_source_new(20);

    open_pair(&pair);
    watch_pair(&pair, G_IO_IN);
    send_byte(&pair);
    g_source_set_callback(timer, run_behind_calls, &pair, NULL);
    g_source_attach(timer, context);
    while (pair.ran == 0)
        g_main_context_iteration(context, TRUE);
    close_pair(&pair);
    end_loop(context);
}

/* Both are ready at once; whichever is first ends the other. */
static void
test_a_watch_that_went_meanwhile_is_not_reported(void)
{
    Pair one = { 0 }, other = { 0 };

    open_pair(&one);
    open_pair(&other);
    one.frees = &other;
    other.frees = &one;
    watch_pair(&one, G_IO_IN);
    watch_pair(&other, G_IO_IN);
    send_byte(&one);
    send_byte(&other);
    settle();
    g_assert_cmpuint(MIN(one.calls, other.calls), ==, 0);
    g_assert_cmpuint(MAX(one.calls, other.calls), >, 0);
    close_pair(&one);
    close_pair(&other);
}

/* No descriptor for the set: the main loop does it, as well as it can. */
static void
test_without_a_descriptor_it_goes_on(void)
{
    struct rlimit old, none;
    Pair pair = { 0 };

    open_pair(&pair);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none = old;
    none.rlim_cur = 0;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    watch_pair(&pair, G_IO_IN);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);

    settle();
    g_assert_cmpuint(pair.calls, ==, 0);
    send_byte(&pair);
    settle();
    g_assert_cmpuint(pair.calls, ==, 10);
    spm_watch_pause(pair.watch);
    settle();
    g_assert_cmpuint(pair.calls, ==, 10);
    close_pair(&pair);
}

/* epoll takes no files, which are always ready. */
static void
test_what_the_set_cannot_take_starves_nobody(void)
{
    Pair pair = { 0 }, file = { 0 };

    open_pair(&pair);
    open_pair(&file);
    close(file.ours);
    file.ours = memfd_create("test", MFD_CLOEXEC);
    g_assert_cmpint(file.ours, >=, 0);
    watch_pair(&pair, G_IO_IN);
    watch_pair(&file, G_IO_IN);
    send_byte(&pair);
    settle();
    g_assert_cmpuint(file.calls, >=, 5);
    g_assert_cmpuint(pair.calls, >=, 5);
    close_pair(&pair);
    close_pair(&file);
}

#define ADD(name, func) g_test_add_func("/daemon/poller/" name, func)

static void
add(const char *name, const Loop *loop, GTestDataFunc func)
{
    g_autofree char *path = g_strdup_printf("/daemon/poller/%s/%s", name, loop->name);

    g_test_add_data_func(path, loop, func);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("asked-for", test_only_what_is_asked_for_is_reported);
    ADD("hanging-up", test_hanging_up_is_reported_unasked);
    ADD("idle-sockets", test_idle_sockets_cost_the_main_loop_nothing);
    ADD("nobody-starves", test_nobody_starves);
    ADD("something-happened", test_the_main_loop_says_that_something_happened);
    for (guint i = 0; i < G_N_ELEMENTS(loops); i++) {
        add("what-a-handler-starts", &loops[i], test_what_a_handler_starts_runs);
        if (loops[i].always_ready)
            add("the-last-watch-ends-itself", &loops[i], test_the_last_watch_may_end_itself);
    }
    g_test_add_data_func("/daemon/poller/left-alone/stays", GUINT_TO_POINTER(0),
                         test_a_loop_that_is_left_alone_stays);
    g_test_add_data_func("/daemon/poller/left-alone/stays-for-an-hour", GUINT_TO_POINTER(3600),
                         test_a_loop_that_is_left_alone_stays);
    ADD("left-alone/another-thread", test_a_loop_that_is_left_alone_hears_of_other_threads);
    ADD("left-alone/a-time", test_a_loop_that_is_left_alone_looks_at_the_clock);
    ADD("gone-meanwhile", test_a_watch_that_went_meanwhile_is_not_reported);
    ADD("not-in-the-set", test_what_the_set_cannot_take_starves_nobody);
    ADD("no-descriptor", test_without_a_descriptor_it_goes_on);
    return g_test_run();
}
