/*
 * All clients: coming, waiting, being turned away, leaving
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/listener.h"
#include "daemon/server.h"
#include "daemon/upstream.h"
#include "rpc/rpc_error.h"
#include "util/spm_error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_SECONDS 20

typedef struct {
    char *dir, *path, *path_ro, *upstream_path, *upstream_path_ro;
    SpmConfig *config;
    SpmEnvironment environment;
    SpmListener *listener, *listener_ro, *upstream, *upstream_ro;
    SpmServer *server;
    guint patience;
} Fixture;

static gboolean
out_of_patience(gpointer data)
{
    g_error("the test hangs");
    return G_SOURCE_REMOVE;
}

static SpmListener *
listen_on(const char *path)
{
    g_autoptr(GError) error = NULL;
    SpmListener *listener = spm_listener_new(path, 0600, NULL, FALSE, &error);

    g_assert_no_error(error);
    return listener;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->dir, "virtspm-sock", NULL);
    fixture->upstream_path = g_build_filename(fixture->dir, "libvirt-sock", NULL);
    fixture->path_ro = g_strconcat(fixture->path, "-ro", NULL);
    fixture->upstream_path_ro = g_strconcat(fixture->upstream_path, "-ro", NULL);
    fixture->config = spm_config_new();
    g_strfreev(fixture->config->upstream);
    fixture->config->upstream = g_strsplit(fixture->upstream_path, ";", 1);
    g_assert_true(spm_config_complete(fixture->config, NULL));
    fixture->listener = listen_on(fixture->path);
    fixture->listener_ro = listen_on(fixture->path_ro);
    fixture->patience = g_timeout_add_seconds(PATIENCE_SECONDS, out_of_patience, NULL);
}

static void
start(Fixture *fixture, guint max_clients)
{
    fixture->config->max_clients = max_clients;
    fixture->server = spm_server_new(fixture->config, &fixture->environment);
    spm_server_listen(fixture->server, spm_listener_fd(fixture->listener), SPM_ACCESS_READ_WRITE);
    spm_server_listen(fixture->server, spm_listener_fd(fixture->listener_ro), SPM_ACCESS_READ_ONLY);
}

static void
remove_lock(const char *path)
{
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);

    g_unlink(lock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_clear_pointer(&fixture->server, spm_server_free);
    g_clear_pointer(&fixture->listener, spm_listener_free);
    g_clear_pointer(&fixture->listener_ro, spm_listener_free);
    g_clear_pointer(&fixture->upstream, spm_listener_free);
    g_clear_pointer(&fixture->upstream_ro, spm_listener_free);
    remove_lock(fixture->path);
    remove_lock(fixture->path_ro);
    remove_lock(fixture->upstream_path);
    remove_lock(fixture->upstream_path_ro);
    g_rmdir(fixture->dir);
    spm_config_free(fixture->config);
    g_free(fixture->dir);
    g_free(fixture->path);
    g_free(fixture->path_ro);
    g_free(fixture->upstream_path);
    g_free(fixture->upstream_path_ro);
    g_source_remove(fixture->patience);
}

static int
connect_to(const char *path)
{
    int fd = spm_upstream_connect_to(path);

    g_assert_cmpint(fd, >=, 0);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

static int
connect_client(Fixture *fixture)
{
    return connect_to(fixture->path);
}

static int
accept_from(const SpmListener *listener)
{
    int fd;

    while ((fd = accept4(spm_listener_fd(listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0) {
        g_assert_cmpint(errno, ==, EAGAIN);
        g_main_context_iteration(NULL, TRUE);
    }
    return fd;
}

/* The connection that virtspmd makes to the played libvirtd. */
static int
accept_upstream(Fixture *fixture)
{
    return accept_from(fixture->upstream);
}

/* The next message; NULL at the end. */
static SpmRpcFrame *
receive(int fd)
{
    SpmRpcFrame *frame = g_new0(SpmRpcFrame, 1);
    gsize wanted = SPM_RPC_HEADER_SIZE;

    frame->bytes = g_byte_array_new();
    while (frame->bytes->len < wanted) {
        guint8 byte;
        ssize_t size = recv(fd, &byte, 1, 0);

        if (size == 0) {
            spm_rpc_frame_free(frame);
            return NULL;
        }
        if (size < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_main_context_iteration(NULL, TRUE);
            continue;
        }
        g_byte_array_append(frame->bytes, &byte, 1);
        if (frame->bytes->len == SPM_RPC_HEADER_SIZE) {
            spm_rpc_header_decode(frame->bytes->data, &frame->header);
            wanted = frame->header.length;
        }
    }
    return frame;
}

static void
encode_header(guint8 *bytes, guint32 type, guint32 procedure, guint32 serial)
{
    SpmRpcHeader header = {
        SPM_RPC_HEADER_SIZE, SPM_RPC_PROGRAM_REMOTE, SPM_RPC_VERSION, procedure, type, serial,
        SPM_RPC_OK
    };

    spm_rpc_header_encode(&header, bytes);
}

static void
send_header(int fd, guint32 type, guint32 procedure, guint32 serial)
{
    guint8 bytes[SPM_RPC_HEADER_SIZE];

    encode_header(bytes, type, procedure, serial);
    g_assert_cmpint(send(fd, bytes, sizeof bytes, MSG_NOSIGNAL), ==, (ssize_t)sizeof bytes);
}

static void
test_a_client_gets_its_own_connection(Fixture *fixture, gconstpointer data)
{
    int clients[3], servers[3];

    fixture->upstream = listen_on(fixture->upstream_path);
    start(fixture, 10);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(SpmRpcFrame) call = NULL;
        g_autoptr(SpmRpcFrame) reply = NULL;

        clients[i] = connect_client(fixture);
        servers[i] = accept_upstream(fixture);
        send_header(clients[i], SPM_RPC_CALL, 66, i);
        call = receive(servers[i]);
        g_assert_cmpuint(call->header.serial, ==, i);
        send_header(servers[i], SPM_RPC_REPLY, 66, i);
        reply = receive(clients[i]);
        g_assert_cmpuint(reply->header.serial, ==, i);
    }
    for (guint i = 0; i < 3; i++) {
        close(clients[i]);
        g_assert_null(receive(servers[i]));
        close(servers[i]);
    }
}

static void
expect_refusal(int client, guint32 serial, const char *words)
{
    g_autoptr(SpmRpcFrame) reply = receive(client);
    g_auto(SpmRpcErrorInfo) info = { 0 };
    const guint8 *payload;
    gsize size;

    g_assert_nonnull(reply);
    g_assert_cmpuint(reply->header.serial, ==, serial);
    g_assert_cmpuint(reply->header.status, ==, SPM_RPC_ERROR);
    payload = spm_rpc_frame_payload(reply, &size);
    g_assert_true(spm_rpc_error_decode(payload, size, &info));
    g_assert_cmpuint(info.code, ==, SPM_ERROR_RPC);
    g_assert_cmpuint(info.domain, ==, SPM_RPC_FROM_RPC);
    if (!strstr(info.message, words))
        g_error("'%s' does not say '%s'", info.message, words);
}

/* Every call is answered with the reason, not with silence. */
static void
test_without_libvirtd_a_client_is_told(Fixture *fixture, gconstpointer data)
{
    int client;

    start(fixture, 10);
    client = connect_client(fixture);
    send_header(client, SPM_RPC_CALL, 66, 0);
    expect_refusal(client, 0, fixture->upstream_path);
    send_header(client, SPM_RPC_CALL, 1, 1);
    expect_refusal(client, 1, "start libvirtd");
    send_header(client, SPM_RPC_MESSAGE, 1, 0); /* no call, no answer */
    send_header(client, SPM_RPC_CALL, 2, 2);
    expect_refusal(client, 2, "No such file");
    close(client);
}

/* Calls that come together are answered one by one, and half a one when it is whole. */
static void
test_who_is_turned_away_may_call_twice_at_once(Fixture *fixture, gconstpointer data)
{
    const gsize first = GPOINTER_TO_SIZE(data);
    guint8 calls[2 * SPM_RPC_HEADER_SIZE];
    int client;

    for (guint i = 0; i < 2; i++)
        encode_header(calls + i * SPM_RPC_HEADER_SIZE, SPM_RPC_CALL, 66, i);
    start(fixture, 10);
    client = connect_client(fixture);
    g_assert_cmpint(send(client, calls, first, 0), ==, (gssize)first);
    expect_refusal(client, 0, "start libvirtd");
    g_assert_cmpint(send(client, calls + first, sizeof calls - first, 0), ==,
                    (gssize)(sizeof calls - first));
    expect_refusal(client, 1, "start libvirtd");
    close(client);
}

static void
test_who_is_turned_away_may_talk_nonsense(Fixture *fixture, gconstpointer data)
{
    static const char nonsense[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int client;

    start(fixture, 10);
    client = connect_client(fixture);
    g_assert_cmpint(send(client, nonsense, strlen(nonsense), 0), ==, (ssize_t)strlen(nonsense));
    g_assert_null(receive(client));
    close(client);
}

/* Answers that nobody reads do not pile up. */
static void
test_who_is_turned_away_has_to_read(Fixture *fixture, gconstpointer data)
{
    static const gsize many = 100000;
    gboolean taken = TRUE;
    gsize sent = 0;
    int client;

    start(fixture, 10);
    client = connect_client(fixture);
    send_header(client, SPM_RPC_CALL, 66, 0);
    expect_refusal(client, 0, "start libvirtd");
    for (; taken && sent < many; sent++) {
        SpmRpcHeader header = { .length = SPM_RPC_HEADER_SIZE,
                                .program = SPM_RPC_PROGRAM_REMOTE,
                                .version = SPM_RPC_VERSION,
                                .procedure = 66,
                                .type = SPM_RPC_CALL,
                                .serial = 1 };
        guint8 bytes[SPM_RPC_HEADER_SIZE];

        spm_rpc_header_encode(&header, bytes);
        taken = send(client, bytes, sizeof bytes, MSG_NOSIGNAL) > 0;
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    g_assert_cmpuint(sent, <, many);
    close(client);
}

/* libvirtd comes up later: the next client is served. */
static void
test_libvirtd_may_come_later(Fixture *fixture, gconstpointer data)
{
    int client, server;

    start(fixture, 10);
    client = connect_client(fixture);
    send_header(client, SPM_RPC_CALL, 66, 0);
    expect_refusal(client, 0, "start libvirtd");
    close(client);

    fixture->upstream = listen_on(fixture->upstream_path);
    client = connect_client(fixture);
    server = accept_upstream(fixture);
    close(client);
    g_assert_null(receive(server));
    close(server);
}

static void
test_a_read_only_client_gets_a_read_only_connection(Fixture *fixture, gconstpointer data)
{
    int client, server;

    fixture->upstream = listen_on(fixture->upstream_path);
    fixture->upstream_ro = listen_on(fixture->upstream_path_ro);
    start(fixture, 10);
    client = connect_to(fixture->path_ro);
    server = accept_from(fixture->upstream_ro);
    g_assert_cmpint(accept4(spm_listener_fd(fixture->upstream), NULL, NULL, 0), ==, -1);
    close(client);
    g_assert_null(receive(server));
    close(server);
}

/* That libvirtd has another socket, which allows more, makes no difference. */
static void
test_a_read_only_client_never_gets_another_one(Fixture *fixture, gconstpointer data)
{
    int client;

    fixture->upstream = listen_on(fixture->upstream_path);
    start(fixture, 10);
    client = connect_to(fixture->path_ro);
    send_header(client, SPM_RPC_CALL, 66, 0);
    expect_refusal(client, 0, fixture->upstream_path_ro);
    g_assert_cmpint(accept4(spm_listener_fd(fixture->upstream), NULL, NULL, 0), ==, -1);
    close(client);
}

/* With as many as allowed, the next one waits until one leaves. */
static void
test_too_many_wait(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmRpcFrame) call = NULL;
    int first, first_server, second, second_server;

    fixture->upstream = listen_on(fixture->upstream_path);
    start(fixture, 1);
    first = connect_client(fixture);
    first_server = accept_upstream(fixture);
    second = connect_client(fixture);
    send_header(second, SPM_RPC_CALL, 66, 0);
    /* The first is served, and the second is not. */
    send_header(first, SPM_RPC_CALL, 66, 7);
    call = receive(first_server);
    g_assert_cmpuint(call->header.serial, ==, 7);
    g_assert_cmpint(accept4(spm_listener_fd(fixture->upstream), NULL, NULL, 0), ==, -1);

    close(first);
    g_assert_null(receive(first_server));
    second_server = accept_upstream(fixture);
    g_clear_pointer(&call, spm_rpc_frame_free);
    call = receive(second_server);
    g_assert_cmpuint(call->header.serial, ==, 0);
    close(first_server);
    close(second_server);
    g_assert_null(receive(second));
    close(second);
}

static void
test_the_end_closes_all_clients(Fixture *fixture, gconstpointer data)
{
    int client, server, turned_away;

    fixture->upstream = listen_on(fixture->upstream_path);
    start(fixture, 10);
    client = connect_client(fixture);
    server = accept_upstream(fixture);
    g_clear_pointer(&fixture->upstream, spm_listener_free);
    turned_away = connect_client(fixture);
    send_header(turned_away, SPM_RPC_CALL, 66, 0);
    expect_refusal(turned_away, 0, "start libvirtd");

    g_clear_pointer(&fixture->server, spm_server_free);
    g_assert_null(receive(client));
    g_assert_null(receive(server));
    g_assert_null(receive(turned_away));
    close(client);
    close(server);
    close(turned_away);
}

#define ADD(name, func) g_test_add("/daemon/server/" name, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("own-connection", test_a_client_gets_its_own_connection);
    ADD("without-libvirtd", test_without_libvirtd_a_client_is_told);
    g_test_add("/daemon/server/two-at-once", Fixture, GSIZE_TO_POINTER(2 * SPM_RPC_HEADER_SIZE),
               set_up, test_who_is_turned_away_may_call_twice_at_once, tear_down);
    g_test_add("/daemon/server/one-and-a-half", Fixture, GSIZE_TO_POINTER(SPM_RPC_HEADER_SIZE + 12),
               set_up, test_who_is_turned_away_may_call_twice_at_once, tear_down);
    ADD("nonsense", test_who_is_turned_away_may_talk_nonsense);
    ADD("has-to-read", test_who_is_turned_away_has_to_read);
    ADD("libvirtd-later", test_libvirtd_may_come_later);
    ADD("read-only/own-connection", test_a_read_only_client_gets_a_read_only_connection);
    ADD("read-only/no-other", test_a_read_only_client_never_gets_another_one);
    ADD("too-many-wait", test_too_many_wait);
    ADD("end", test_the_end_closes_all_clients);
    return g_test_run();
}
