/*
 * arrival.c: a client that has been accepted, until it is known and has its libvirtd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/arrival.h"

#include "daemon/upstream.h"

#include <gio/gio.h>
#include <unistd.h>

/* Shared with the worker thread, which only uses what does not change while it runs. */
struct _SpmArrival {
    gatomicrefcount references;
    SpmTransport *client;
    SpmPeer *peer;
    SpmTerms terms;
    char **paths;
    gboolean session;
    int upstream;
    SpmArrivedFunc func; /* NULL: nobody waits any more */
    gpointer user_data;
};

static void
arrival_unref(gpointer data)
{
    SpmArrival *arrival = data;

    if (!g_atomic_ref_count_dec(&arrival->references))
        return;
    spm_transport_free(arrival->client);
    if (arrival->upstream >= 0)
        close(arrival->upstream);
    g_strfreev(arrival->paths);
    spm_peer_free(arrival->peer);
    g_free(arrival);
}

static void
prepare(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    SpmArrival *arrival = data;
    GError *error = NULL;

    if (!arrival->peer)
        arrival->peer = spm_peer_new(arrival->client->fd, &error);
    if (arrival->peer) {
        const char *const *paths = (const char *const *)arrival->paths;

        arrival->upstream = arrival->session ? spm_upstream_connect_session(paths, &error)
                                             : spm_upstream_connect(paths, &error);
    }
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
}

static void
prepared(GObject *source, GAsyncResult *result, gpointer data)
{
    SpmArrival *arrival = g_task_get_task_data(G_TASK(result));
    GError *error = NULL;

    if (!arrival->func)
        return;
    g_task_propagate_boolean(G_TASK(result), &error);
    arrival->func(arrival, error, arrival->user_data);
}

SpmArrival *
spm_arrival_new(SpmTransport *client, SpmPeer *peer, const SpmTerms *terms,
                const char *const *paths, gboolean session, SpmArrivedFunc func, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, prepared, NULL);
    SpmArrival *arrival = g_new0(SpmArrival, 1);

    g_atomic_ref_count_init(&arrival->references);
    arrival->client = client;
    arrival->peer = peer;
    arrival->terms = *terms;
    arrival->paths = g_strdupv((char **)paths);
    arrival->session = session;
    arrival->upstream = -1;
    arrival->func = func;
    arrival->user_data = user_data;

    g_atomic_ref_count_inc(&arrival->references);
    g_task_set_task_data(task, arrival, arrival_unref);
    g_task_run_in_thread(task, prepare);
    return arrival;
}

void
spm_arrival_free(SpmArrival *arrival)
{
    arrival->func = NULL;
    arrival_unref(arrival);
}

const SpmTerms *
spm_arrival_terms(const SpmArrival *arrival)
{
    return &arrival->terms;
}

const SpmPeer *
spm_arrival_peer(const SpmArrival *arrival)
{
    return arrival->peer;
}

SpmTransport *
spm_arrival_take_client(SpmArrival *arrival)
{
    return g_steal_pointer(&arrival->client);
}

SpmTransport *
spm_arrival_take_upstream(SpmArrival *arrival)
{
    return spm_transport_new_unix(g_steal_fd(&arrival->upstream));
}

SpmPeer *
spm_arrival_take_peer(SpmArrival *arrival)
{
    return g_steal_pointer(&arrival->peer);
}
