/*
 * server.c: all clients of virtspmd
 *
 * A client that has been accepted is an arrival first (arrival.h), then a session, or
 * is turned away.
 *
 * A TLS client comes in by its handshake first. It is no client before that is done,
 * so that nobody can take a place by not finishing it; how many handshakes there are
 * has a bound of its own.
 *
 * With max-clients of them, new ones wait unaccepted until one leaves, as they
 * do with libvirtd.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/server.h"

#include "daemon/access/audit.h"
#include "daemon/arrival.h"
#include "daemon/io/memory.h"
#include "daemon/io/poller.h"
#include "daemon/io/turned_away.h"
#include "daemon/session.h"
#include "daemon/tls/tls_handshake.h"
#include "util/spm_size.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>

/* How long to wait for descriptors or memory when there are none to accept with. */
#define SHORTAGE_SECONDS 1

/* Handshakes under way; more TLS clients wait unaccepted. Protects memory: each costs
 * tens of KiB in GnuTLS. While they last, clients of the UNIX sockets may take the last
 * room, so that max-clients can be exceeded by so many. */
#define HANDSHAKES_MAX 64

struct _SpmServer {
    const SpmConfig *config;
    const SpmEnvironment *environment;
    GPtrArray *doors; /* of Door */
    GSource *shortage;
    SpmTlsCredentials *tls;
    GHashTable *handshakes;  /* set */
    GHashTable *arrivals;    /* set */
    GHashTable *sessions;    /* set */
    GHashTable *turned_away; /* set */
};

/* A listening socket. */
typedef struct {
    SpmServer *server;
    int fd;
    SpmAccess access;
    gboolean tls;
    SpmWatch *watch;
} Door;

static void accept_or_wait(SpmServer *server);

/* ---- leaving ---- */

static void
session_closed(SpmSession *session, gpointer user_data)
{
    SpmServer *server = user_data;

    g_hash_table_remove(server->sessions, session);
    accept_or_wait(server);
}

static void
turned_away_left(SpmTurnedAway *client, gpointer user_data)
{
    SpmServer *server = user_data;

    g_hash_table_remove(server->turned_away, client);
    accept_or_wait(server);
}

/* ---- coming ---- */

static void
arrived(SpmArrival *arrival, GError *error, gpointer user_data)
{
    SpmServer *server = user_data;

    if (error) {
        spm_audit_client(spm_arrival_peer(arrival), error);
        g_hash_table_add(server->turned_away, spm_turned_away_new(spm_arrival_take_client(arrival),
                                                                  error, turned_away_left, server));
    } else {
        g_autofree char *who = spm_peer_describe(spm_arrival_peer(arrival));

        g_debug("client: %s", who);
        g_hash_table_add(server->sessions,
                         spm_session_new(spm_arrival_take_client(arrival),
                                         spm_arrival_take_upstream(arrival),
                                         spm_arrival_take_peer(arrival), spm_arrival_terms(arrival),
                                         server->environment, session_closed, server));
    }
    g_hash_table_remove(server->arrivals, arrival);
}

/* A TLS client's certificate is its authentication. */
static SpmTerms
terms_of(const SpmConfig *config, SpmAccess access, gboolean tls)
{
    SpmTerms terms = {
        .access = access,
        .auth = tls                              ? SPM_AUTH_NONE
                : access == SPM_ACCESS_READ_ONLY ? config->auth_unix_ro
                                                 : config->auth_unix_rw,
        .max_requests = config->max_client_requests,
        .max_memory = config->max_client_memory * SPM_MIB,
        .since = g_get_monotonic_time(),
        .handshake_seconds = config->handshake_timeout,
        .idle_seconds = config->idle_timeout,
    };

    return terms;
}

static void
welcome(SpmServer *server, SpmTransport *client, SpmPeer *peer, const SpmTerms *terms)
{
    const SpmConfig *config = server->config;
    char **paths = terms->access == SPM_ACCESS_READ_ONLY ? config->upstream_ro : config->upstream;

    g_hash_table_add(server->arrivals,
                     spm_arrival_new(client, peer, terms, (const char *const *)paths,
                                     config->session, arrived, server));
}

static void
shaken_hands(SpmTlsHandshake *handshake, SpmTransport *transport, SpmPeer *peer,
             const GError *error, gpointer user_data)
{
    SpmServer *server = user_data;

    if (transport) {
        SpmTerms terms = terms_of(server->config, SPM_ACCESS_READ_WRITE, TRUE);

        welcome(server, transport, peer, &terms);
    } else {
        spm_audit_client(peer, error);
        spm_peer_free(peer);
    }
    /* Last: whoever sees the socket closed finds the reason in the log already. */
    g_hash_table_remove(server->handshakes, handshake);
    accept_or_wait(server);
}

static void
shake_hands(SpmServer *server, int fd)
{
    g_autoptr(GError) error = NULL;
    SpmTlsHandshake *handshake = spm_tls_handshake_new(fd, server->tls, SPM_TLS_HANDSHAKE_SECONDS,
                                                       shaken_hands, server, &error);

    if (handshake)
        g_hash_table_add(server->handshakes, handshake);
    else
        spm_audit_client(NULL, error);
}

static guint
count_clients(const SpmServer *server)
{
    return g_hash_table_size(server->arrivals) + g_hash_table_size(server->sessions) +
           g_hash_table_size(server->turned_away);
}

static gboolean
shortage_over(gpointer data)
{
    SpmServer *server = data;

    g_clear_pointer(&server->shortage, g_source_unref);
    accept_or_wait(server);
    return G_SOURCE_REMOVE;
}

static void
wait_for_resources(SpmServer *server)
{
    server->shortage = g_timeout_source_new_seconds(SHORTAGE_SECONDS);
    g_source_set_callback(server->shortage, shortage_over, server, NULL);
    g_source_attach(server->shortage, g_main_context_get_thread_default());
}

static void
incoming(GIOCondition ready, gpointer data)
{
    const Door *door = data;
    SpmServer *server = door->server;
    int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        SpmTerms terms = terms_of(server->config, door->access, door->tls);

        if (door->tls)
            shake_hands(server, fd);
        else
            welcome(server, spm_transport_new_unix(fd), NULL, &terms);
        if (count_clients(server) >= server->config->max_clients)
            g_message("there are as many clients as max-clients allows (%u); new ones wait",
                      server->config->max_clients);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        g_message("cannot accept a client: %s", g_strerror(errno));
        wait_for_resources(server);
    }
    accept_or_wait(server);
}

static void
accept_or_wait(SpmServer *server)
{
    guint clients = count_clients(server);
    guint handshakes = g_hash_table_size(server->handshakes);
    gboolean wanted = !server->shortage && clients < server->config->max_clients;
    /* Room for a client is room for those who will be one. */
    gboolean tls_wanted = wanted && server->tls && handshakes < HANDSHAKES_MAX &&
                          clients + handshakes < server->config->max_clients;

    spm_memory_clients(clients);
    for (guint i = 0; i < server->doors->len; i++) {
        Door *door = g_ptr_array_index(server->doors, i);

        spm_watch_set(door->watch, (door->tls ? tls_wanted : wanted) ? G_IO_IN : 0);
    }
}

/* ---- life ---- */

static void
forget_session(gpointer data)
{
    spm_session_close(data);
    spm_session_unref(data);
}

static void
door_free(gpointer data)
{
    Door *door = data;

    spm_watch_free(door->watch);
    g_free(door);
}

SpmServer *
spm_server_new(const SpmConfig *config, const SpmEnvironment *environment)
{
    SpmServer *server = g_new0(SpmServer, 1);

    server->config = config;
    server->environment = environment;
    server->doors = g_ptr_array_new_with_free_func(door_free);
    server->handshakes =
        g_hash_table_new_full(NULL, NULL, (GDestroyNotify)spm_tls_handshake_free, NULL);
    server->arrivals = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)spm_arrival_free, NULL);
    server->sessions = g_hash_table_new_full(NULL, NULL, forget_session, NULL);
    server->turned_away =
        g_hash_table_new_full(NULL, NULL, (GDestroyNotify)spm_turned_away_free, NULL);
    return server;
}

void
spm_server_free(SpmServer *server)
{
    if (!server)
        return;
    if (server->shortage) {
        g_source_destroy(server->shortage);
        g_source_unref(server->shortage);
    }
    g_hash_table_unref(server->handshakes);
    spm_tls_credentials_unref(server->tls);
    g_hash_table_unref(server->arrivals);
    g_hash_table_unref(server->sessions);
    g_hash_table_unref(server->turned_away);
    g_ptr_array_unref(server->doors);
    g_free(server);
}

void
spm_server_set_config(SpmServer *server, const SpmConfig *config)
{
    server->config = config;
    accept_or_wait(server);
}

void
spm_server_set_tls(SpmServer *server, SpmTlsCredentials *credentials)
{
    SpmTlsCredentials *old = server->tls;

    server->tls = spm_tls_credentials_ref(credentials);
    spm_tls_credentials_unref(old);
    accept_or_wait(server);
}

static void
open_door(SpmServer *server, int fd, SpmAccess access, gboolean tls)
{
    Door *door = g_new0(Door, 1);

    door->server = server;
    door->fd = fd;
    door->access = access;
    door->tls = tls;
    door->watch = spm_watch_new(fd, incoming, door);
    g_ptr_array_add(server->doors, door);
    accept_or_wait(server);
}

void
spm_server_listen(SpmServer *server, int fd, SpmAccess access)
{
    open_door(server, fd, access, FALSE);
}

void
spm_server_listen_tls(SpmServer *server, int fd)
{
    open_door(server, fd, SPM_ACCESS_READ_WRITE, TRUE);
}
