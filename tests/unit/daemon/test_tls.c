/*
 * TLS clients: what they can do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tls_fixture.h"

#include "daemon/tls/tls_handshake.h"
#include "daemon/tls/tls_listener.h"
#include "daemon/upstream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- coming in ---- */

static void
test_a_client_is_relayed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    g_autoptr(GByteArray) reply = make_message(SPM_RPC_REPLY, 40);
    guint8 got[40];
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    client_send(&client, call->data, call->len);
    g_assert_true(conversation_receive(libvirtd, got, call->len));
    g_assert_cmpmem(got, call->len, call->data, call->len);
    conversation_send(libvirtd, reply->data, reply->len);
    g_assert_true(client_receive(&client, got, reply->len));
    g_assert_cmpmem(got, reply->len, reply->data, reply->len);

    client_leave(&client);
    g_assert_false(conversation_receive(libvirtd, got, 1));
    close(libvirtd);
}

/* In records that fit into no buffer of virtspmd's, and more than sockets hold. */
static void
test_much_passes_both_ways(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_STREAM, 9000000);
    g_autofree guint8 *got = g_malloc(message->len);
    gsize sent = 0, received = 0, sent_back = 0;
    Client client;
    int libvirtd;

    record_max = GPOINTER_TO_SIZE(data);
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    while (received < message->len) {
        gssize result;

        if (sent < message->len) {
            result = gnutls_record_send(client.session, message->data + sent,
                                        MIN(10007, message->len - sent));
            if (result > 0)
                sent += result;
        }
        g_main_context_iteration(NULL, FALSE);
        result = recv(libvirtd, got + received, MIN(70001, message->len - received), 0);
        if (result > 0) {
            received += result;
            goes_on(fixture);
        }
    }
    g_assert_cmpmem(got, received, message->data, message->len);

    /* Nobody reads, until virtspmd takes no more: then a record is written by half. */
    for (guint idle = 0; idle < 100; idle++) {
        gssize result = send(libvirtd, message->data + sent_back, message->len - sent_back,
                             MSG_NOSIGNAL);

        if (result > 0) {
            sent_back += result;
            idle = 0;
            goes_on(fixture);
        }
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpuint(sent_back, <, message->len);
    for (sent = sent_back, received = 0; received < message->len;) {
        gssize result = send(libvirtd, message->data + sent, message->len - sent, MSG_NOSIGNAL);

        if (result > 0)
            sent += result;
        g_main_context_iteration(NULL, FALSE);
        result = gnutls_record_recv(client.session, got + received, message->len - received);
        if (result > 0) {
            received += result;
            goes_on(fixture);
        }
    }
    g_assert_cmpmem(got, received, message->data, message->len);
    record_max = 0;
    client_leave(&client);
    close(libvirtd);
}

/* What libvirtd says last arrives, and then the end, said and not just cut. */
static void
test_the_end_is_said(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) reply = make_message(SPM_RPC_REPLY, 500000);
    g_autofree guint8 *got = g_malloc(reply->len);
    gssize result;
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    conversation_send(libvirtd, reply->data, reply->len);
    close(libvirtd);
    g_assert_true(client_receive(&client, got, reply->len));
    g_assert_cmpmem(got, reply->len, reply->data, reply->len);
    while ((result = gnutls_record_recv(client.session, got, 1)) == GNUTLS_E_AGAIN)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpint(result, ==, 0);
    client_leave(&client);
}

/* The client's last message and its end come in one piece, and its socket stays open, as it
 * waits for the reply: nothing more will ever be there to be read. */
static void
test_an_end_that_comes_with_a_message(Fixture *fixture, gconstpointer data)
{
    static const char no_record[] = "\x17\x03\x03\0\x20 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const gboolean is_said = GPOINTER_TO_INT(data);
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    guint8 got[28];
    const int on = 1, off = 0;
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    setsockopt(client.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    client_send(&client, call->data, call->len);
    if (is_said)
        gnutls_bye(client.session, GNUTLS_SHUT_WR);
    else
        g_assert_cmpint(send(client.fd, no_record, 37, 0), ==, 37);
    setsockopt(client.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);

    g_assert_true(conversation_receive(libvirtd, got, call->len));
    g_assert_cmpmem(got, call->len, call->data, call->len);
    g_assert_false(conversation_receive(libvirtd, got, 1));
    g_assert_false(client_receive(&client, got, 1));
    client_leave(&client);
    close(libvirtd);
}

/* libvirt's client does not look into its session before it waits for its socket. */
static void
test_no_record_holds_two_messages(Fixture *fixture, gconstpointer data)
{
    static const gsize sizes[] = { 28, 36, 16384, 28, 16385, 40000, 100, 28 };
    g_autoptr(GByteArray) all = g_byte_array_new();
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) message = make_message(SPM_RPC_MESSAGE, sizes[i]);

        g_byte_array_append(all, message->data, message->len);
    }
    /* In pieces of which most begin in the middle of something. */
    for (gsize sent = 0; sent < all->len; sent += MIN(9001, all->len - sent)) {
        conversation_send(libvirtd, all->data + sent, MIN(9001, all->len - sent));
        for (guint i = 0; i < 3; i++)
            g_main_context_iteration(NULL, FALSE);
    }
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree guint8 *got = g_malloc(sizes[i]);

        g_assert_true(client_receive(&client, got, sizes[i]));
        g_assert_cmpuint(gnutls_record_check_pending(client.session), ==, 0);
    }
    client_leave(&client);
    close(libvirtd);
}

static void
test_a_new_key_changes_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    guint8 got[28];
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    g_assert_cmpint(gnutls_protocol_get_version(client.session), ==, GNUTLS_TLS1_3);
    for (guint i = 0; i < 5; i++) {
        int result;

        while ((result = gnutls_session_key_update(client.session, GNUTLS_KU_PEER)) ==
               GNUTLS_E_AGAIN)
            g_main_context_iteration(NULL, FALSE);
        g_assert_cmpint(result, ==, 0);
        client_send(&client, call->data, call->len);
        g_assert_true(conversation_receive(libvirtd, got, call->len));
        conversation_send(libvirtd, call->data, call->len);
        g_assert_true(client_receive(&client, got, call->len));
    }
    client_leave(&client);
    close(libvirtd);
}

/* ---- descriptors ---- */

/* As libvirtd does. */
static void
test_a_call_with_descriptors_ends_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_CALL_WITH_FDS, 32);
    guint8 got[1];
    Client client;
    int libvirtd;

    memset(message->data + SPM_RPC_HEADER_SIZE, 0, 4);
    message->data[SPM_RPC_HEADER_SIZE + 3] = 1;
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    client_send(&client, message->data, message->len);
    g_assert_false(conversation_receive(libvirtd, got, 1));
    g_assert_false(client_receive(&client, got, 1));
    client_leave(&client);
    close(libvirtd);
}

/* One that names none is a call like any other. */
static void
test_a_call_with_no_descriptors_passes(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_CALL_WITH_FDS, 32);
    guint8 got[32];
    Client client;
    int libvirtd;

    memset(message->data + SPM_RPC_HEADER_SIZE, 0, 4);
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    client_send(&client, message->data, message->len);
    g_assert_true(conversation_receive(libvirtd, got, sizeof got));
    client_leave(&client);
    close(libvirtd);
}

static void
test_a_reply_with_descriptors_ends_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_REPLY_WITH_FDS, 32);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { (gpointer) "", 1 };
    struct msghdr with_fd = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&with_fd);
    guint8 got[32];
    Client client;
    int libvirtd;

    memset(message->data + SPM_RPC_HEADER_SIZE, 0, 4);
    message->data[SPM_RPC_HEADER_SIZE + 3] = 1;
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    conversation_send(libvirtd, message->data, message->len);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &libvirtd, sizeof(int));
    g_assert_cmpint(sendmsg(libvirtd, &with_fd, MSG_NOSIGNAL), ==, 1);

    g_assert_true(client_receive(&client, got, sizeof got));
    g_assert_false(client_receive(&client, got, 1));
    g_assert_false(conversation_receive(libvirtd, got, 1));
    client_leave(&client);
    close(libvirtd);
}

/* ---- time ---- */

static void
timed_out(SpmTlsHandshake *handshake, SpmTransport *transport, SpmPeer *peer, const GError *error,
          gpointer user_data)
{
    g_assert_null(transport);
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "not finished in time"));
    spm_peer_free(peer);
    spm_tls_handshake_free(handshake);
    *(gboolean *)user_data = TRUE;
}

static void
test_a_handshake_has_its_time(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmTlsCredentials) credentials = make_credentials(fixture->config);
    gboolean over = FALSE;
    int pair[2];
    guint8 got;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
    g_assert_nonnull(spm_tls_handshake_new(pair[0], credentials, 1, timed_out, &over, NULL));
    g_assert_cmpint(send(pair[1], "\x16\x03", 2, 0), ==, 2); /* how one begins */
    while (!over)
        g_main_context_iteration(NULL, TRUE);
    while (recv(pair[1], &got, 1, 0) > 0)
        ;
    g_assert_cmpint(recv(pair[1], &got, 1, 0), ==, 0);
    close(pair[1]);
}

/* Though there is room for one client only. */
static void
test_a_handshake_holds_no_place(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->dir, "virtspm-sock", NULL);
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    SpmListener *local = spm_listener_new(path, 0600, NULL, FALSE, &error);
    int half = dial(fixture);
    int client;

    g_assert_no_error(error);
    fixture->config->max_clients = 1;
    spm_server_set_config(fixture->server, fixture->config);
    g_assert_cmpint(send(half, "\x16\x03", 2, 0), ==, 2);
    for (guint i = 0; i < 10; i++)
        g_main_context_iteration(NULL, FALSE);
    spm_server_listen(fixture->server, spm_listener_fd(local), SPM_ACCESS_READ_WRITE);
    client = spm_upstream_connect_to(path);
    close(accept_upstream(fixture));
    close(client);
    close(half);
    g_clear_pointer(&fixture->server, spm_server_free);
    spm_listener_free(local);
    g_unlink(lock);
}

#define ADD(name, func) g_test_add("/daemon/tls/" name, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    tls_pki_new();
    ADD("relayed", test_a_client_is_relayed);
    ADD("much", test_much_passes_both_ways);
    g_test_add("/daemon/tls/much-in-short-records", Fixture, GSIZE_TO_POINTER(3000), set_up,
               test_much_passes_both_ways, tear_down);
    ADD("end", test_the_end_is_said);
    g_test_add("/daemon/tls/end-with-a-message/said", Fixture, GINT_TO_POINTER(TRUE), set_up,
               test_an_end_that_comes_with_a_message, tear_down);
    g_test_add("/daemon/tls/end-with-a-message/broken", Fixture, GINT_TO_POINTER(FALSE), set_up,
               test_an_end_that_comes_with_a_message, tear_down);
    ADD("one-message-a-record", test_no_record_holds_two_messages);
    ADD("new-key", test_a_new_key_changes_nothing);
    ADD("fds/call", test_a_call_with_descriptors_ends_it);
    ADD("fds/call-with-none", test_a_call_with_no_descriptors_passes);
    ADD("fds/reply", test_a_reply_with_descriptors_ends_it);
    ADD("time", test_a_handshake_has_its_time);
    ADD("no-place", test_a_handshake_holds_no_place);
    status = g_test_run();
    pki_free(pki);
    return status;
}
