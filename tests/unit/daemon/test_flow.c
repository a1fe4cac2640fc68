/*
 * How bytes flow: in every size, within bounds, never mixed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/out_queue.h"
#include "documents.h"
#include "flow.h"
#include "util/spm_error.h"

#include <sys/socket.h>

/* ---- sizes ---- */

static void
test_a_call_byte_by_byte(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    const Step define = { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) };
    g_autoptr(GByteArray) message = conversation_message(&define);

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    for (guint i = 0; i < message->len; i++) {
        conversation_send(conversation_client(conversation), message->data + i, 1);
        conversation_settle(conversation);
    }
    conversation_run(conversation, (const Step[]){
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
        { END },
    });
}

/* The longest message there is, though the sockets take only a part at a time. */
static void
test_the_longest_message(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) message = flow_message(SPM_RPC_STREAM, 208, SPM_RPC_FRAME_MAX);
    g_autofree guint8 *received = g_malloc(message->len);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);
    gsize sent = 0, got = 0;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    while (got < message->len) {
        ssize_t size;

        sent += flow_send_some(conversation, client, message->data + sent, message->len - sent);
        conversation_settle(conversation);
        size = recv(libvirtd, received + got, MIN(message->len - got, 70001), 0);
        g_assert_cmpint(size, >, 0);
        got += size;
    }
    g_assert_cmpmem(received, got, message->data, message->len);
}

/* ---- bounds ---- */

/* What sockets on the way may hold besides virtspmd's own queue. The kernel doubles what
 * it is asked for. */
#define OWN_SOCKET_HOLDS (1024 * 1024)
#define SOCKETS_HOLD (2 * SPM_TRANSPORT_UNREAD_MAX + OWN_SOCKET_HOLDS)

static void
test_a_peer_that_does_not_read_stops_the_other(gconstpointer data)
{
    gboolean client_sends = GPOINTER_TO_INT(data);
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) event = flow_message(SPM_RPC_STREAM, 208, 10000);
    g_autoptr(GByteArray) flood = g_byte_array_new();
    const int own = OWN_SOCKET_HOLDS / 4;
    gsize sent;
    int from, to;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    from = client_sends ? conversation_client(conversation) : conversation_libvirtd(conversation);
    setsockopt(from, SOL_SOCKET, SO_SNDBUF, &own, sizeof own);
    to = client_sends ? conversation_libvirtd(conversation) : conversation_client(conversation);
    for (guint i = 0; i < 2000; i++)
        g_byte_array_append(flood, event->data, event->len);

    sent = flow_send_some(conversation, from, flood->data, flood->len);
    g_assert_cmpuint(sent, >=, SPM_OUT_QUEUE_BYTES_MAX);
    g_assert_cmpuint(sent, <=, SPM_OUT_QUEUE_BYTES_MAX + SOCKETS_HOLD);

    /* The other direction is not stopped. */
    conversation_send(to, event->data, event->len);
    flow_receive_equal(from, event->data, event->len);

    /* Once it reads, everything comes, in order. */
    flow_receive_equal(to, flood->data, sent);
}

/* Answers that are made here do not pile up for a client that does not read. */
static void
test_who_is_answered_has_to_read(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const Step refused = { CLIENT_SENDS, CALL(14, 1, "d u0") };
    g_autoptr(GByteArray) call = conversation_message(&refused);
    const gsize many = 16 * SPM_OUT_QUEUE_BYTES_MAX;
    gsize sent = 0;

    while (sent < many) {
        gsize size = flow_send_some(conversation, conversation_client(conversation), call->data, call->len);

        if (size < call->len)
            break;
        sent += size;
    }
    g_assert_cmpuint(sent, <, many);
}

/* ---- order ---- */

/* A question of ours does not cut a message in two that is half relayed. */
static void
test_questions_wait_for_the_end_of_a_message(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autoptr(GByteArray) stream = flow_message(SPM_RPC_STREAM, 208, 300000);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);

    conversation_run(conversation, (const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) },
        { END },
    });
    conversation_send(client, stream->data, 200000);
    flow_receive_equal(libvirtd, stream->data, 200000);
    conversation_run(conversation, (const Step[]){
        { EMULATOR_ANSWERS },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
    conversation_send(client, stream->data + 200000, 100000);
    flow_receive_equal(libvirtd, stream->data + 200000, 100000);
    conversation_run(conversation, (const Step[]){ { LIBVIRTD_GETS, PROBE(OURS(1)) }, { END } });
}

/* ---- behind half a message ---- */

/* What waits for the end of a message may be more than a queue holds: the end is needed
 * all the same. */
static void
test_a_long_call_waits_for_the_end_of_a_message(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autoptr(GByteArray) stream = flow_message(SPM_RPC_STREAM, 208, 260000);
    g_autofree char *filler = g_strnfill(SPM_OUT_QUEUE_BYTES_MAX, 'x');
    g_autofree char *user = g_strdup_printf("%s<!-- %s -->", USER_ON(EMULATOR_SPM), filler);
    g_autofree char *stock = conversation_lowered(user, EMULATOR_SPM, TRUE);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);

    conversation_run(conversation, (const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", user) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { END },
    });
    conversation_send(client, stream->data, 200000);
    flow_receive_equal(libvirtd, stream->data, 200000);
    conversation_run(conversation, (const Step[]){
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
    conversation_send(client, stream->data + 200000, 60000);
    flow_receive_equal(libvirtd, stream->data + 200000, 60000);
    conversation_run(conversation, (const Step[]){
        { LIBVIRTD_GETS, CALL(11, 2, "$", stock) }, { END } });
}

/* The same the other way: a client is answered here while it is half through a message
 * of libvirtd's, more often than its queue takes. */
static void
test_many_answers_wait_for_the_end_of_a_message(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) stream = flow_message(SPM_RPC_STREAM, 208, 260000);
    const Step refused = { CLIENT_SENDS, CALL(419, 5, "u0 u0") };
    g_autoptr(GByteArray) call = conversation_message(&refused);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    conversation_send(libvirtd, stream->data, 200000);
    flow_receive_equal(client, stream->data, 200000);
    while (flow_send_some(conversation, client, call->data, call->len) == call->len)
        ;
    conversation_send(libvirtd, stream->data + 200000, 60000);
    flow_receive_equal(client, stream->data + 200000, 60000);
    conversation_run(conversation, (const Step[]){
        { CLIENT_GETS_ERROR, ERROR_OF(419, 5, SPM_ERROR_OPERATION_DENIED, "") }, { END } });
}

/* Having read its answers, it is served as before. */
static void
test_who_reads_its_answers_is_served_again(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const Step refused = { CLIENT_SENDS, CALL(419, 5, "u0 u0") };
    g_autoptr(GByteArray) call = conversation_message(&refused);
    int client = conversation_client(conversation);
    gsize sent = 0, size;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    do {
        size = flow_send_some(conversation, client, call->data, call->len);
        sent += size;
    } while (size == call->len);
    for (gsize answered = 0; answered < sent / call->len; answered++)
        conversation_run(conversation, (const Step[]){
            { CLIENT_GETS_ERROR, ERROR_OF(419, 5, SPM_ERROR_OPERATION_DENIED, "") }, { END } });
    conversation_send(client, call->data + size, call->len - size);
    conversation_run(conversation, (const Step[]){
        { CLIENT_GETS_ERROR, ERROR_OF(419, 5, SPM_ERROR_OPERATION_DENIED, "") },
        { CLIENT_SENDS, CALL(157, 3, "") },
        { LIBVIRTD_GETS, CALL(157, 3, "") },
        { END },
    });
}

static gboolean
time_is_over(gpointer past)
{
    *(gboolean *)past = TRUE;
    return G_SOURCE_REMOVE;
}

/* A client has left more than libvirtd takes, which takes nothing any more. */
static void
test_what_is_left_for_a_libvirtd_that_hangs_is_given_up(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) packet = flow_message(SPM_RPC_STREAM, 208, 100000);
    gboolean past = FALSE;
    guint timer;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    while (flow_send_some(conversation, conversation_client(conversation), packet->data,
                          packet->len) == packet->len)
        ;
    conversation_run(conversation, (const Step[]){ { CLIENT_LEAVES }, { END } });
    timer = g_timeout_add_seconds(3 * SPM_SESSION_DRAIN_SECONDS, time_is_over, &past);
    while (!past && !conversation_is_over(conversation))
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(past);
    g_source_remove(timer);
}

/* ---- held calls ---- */

/* So many calls are held, and no more are read; each is served in the end. */
static void
test_calls_held_are_bounded(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const guint total = 3 * SPM_SESSION_HELD_MAX;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    for (guint i = 0; i < total; i++)
        conversation_run(conversation, (const Step[]){
            { CLIENT_SENDS, CALL(196, 100 + i, "d u8") }, { END } });
    for (guint i = 0; i < SPM_SESSION_HELD_MAX; i++)
        conversation_run(conversation, (const Step[]){
            { LIBVIRTD_GETS, CALL(14, OURS(1 + i), "d u2") }, { END } });
    conversation_run(conversation, (const Step[]){ { NOBODY_GETS_ANYTHING }, { END } });

    for (guint i = 0; i < total; i++) {
        conversation_run(conversation, (const Step[]){
            { LIBVIRTD_SENDS, REPLY(14, OURS(1 + i), "$", PLAIN_XML) },
            { LIBVIRTD_GETS, CALL(196, 100 + i, "d u8") },
            { END } });
        if (i + SPM_SESSION_HELD_MAX < total)
            conversation_run(conversation, (const Step[]){
                { LIBVIRTD_GETS, CALL(14, OURS(1 + i + SPM_SESSION_HELD_MAX), "d u2") },
                { END } });
    }
}

/* The client can be served only if libvirtd's side of the bargain goes on, even
 * in the middle of a long message of the client's. */
static void
test_a_full_house_does_not_cut_a_message_off(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) stream = flow_message(SPM_RPC_STREAM, 208, 300000);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);

    conversation_run(conversation, (const Step[]){ OPENING, { EMULATOR_KEEPS_WAITING }, { END } });
    for (guint i = 0; i < SPM_SESSION_HELD_MAX - 1; i++)
        conversation_run(conversation, (const Step[]){
            { CLIENT_SENDS, CALL(11, 100 + i, "$", USER_ON(EMULATOR_SPM)) }, { END } });
    conversation_send(client, stream->data, 100);
    flow_receive_equal(libvirtd, stream->data, 100);
    conversation_send(client, stream->data + 100, stream->len - 100);
    flow_receive_equal(libvirtd, stream->data + 100, stream->len - 100);
}

/* ---- what is not the protocol ---- */

static void
test_garbage_closes_the_connection(gconstpointer data)
{
    static const char *const garbage[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\0\0\0\x1b\x20\0\x80\x86\0\0\0\1\0\0\0\x0b\0\0\0\0\0\0\0\2\0\0\0\0",
        "\x02\0\0\5\x20\0\x80\x86\0\0\0\1\0\0\0\x0b\0\0\0\0\0\0\0\2\0\0\0\0",
        "\0\0\0\x20\x20\0\x80\x86\0\0\0\1\0\0\0\xf9\0\0\0\4\0\0\0\2\0\0\0\0\0\0\0\x21",
    };
    static const gsize sizes[] = { 35, 28, 28, 32 };
    gboolean from_client = GPOINTER_TO_INT(data);

    for (guint i = 0; i < G_N_ELEMENTS(garbage); i++) {
        g_autoptr(Conversation) conversation = conversation_new(FALSE);

        conversation_run(conversation, (const Step[]){ OPENING, { END } });
        conversation_send(from_client ? conversation_client(conversation)
                                      : conversation_libvirtd(conversation),
                          (const guint8 *)garbage[i], sizes[i]);
        conversation_run(conversation, (const Step[]){
            { CLIENT_IS_CLOSED }, { LIBVIRTD_IS_CLOSED }, { END } });
        g_assert_true(conversation_is_over(conversation));
    }
}

/* A message cut off by the client's end reaches libvirtd as far as it came. */
static void
test_a_client_that_leaves_mid_message(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) stream = flow_message(SPM_RPC_STREAM, 208, 300000);

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    conversation_send(conversation_client(conversation), stream->data, 1000);
    conversation_run(conversation, (const Step[]){ { CLIENT_LEAVES }, { END } });
    flow_receive_equal(conversation_libvirtd(conversation), stream->data, 1000);
    conversation_run(conversation, (const Step[]){ { LIBVIRTD_IS_CLOSED }, { END } });
    g_assert_true(conversation_is_over(conversation));
}

/* libvirtd goes while the client does not read: what it said still arrives. */
static void
test_what_libvirtd_said_last_arrives(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) event = flow_message(SPM_RPC_MESSAGE, 318, 1000000);
    gsize sent;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    sent = flow_send_some(conversation, conversation_libvirtd(conversation), event->data, event->len);
    conversation_run(conversation, (const Step[]){ { LIBVIRTD_LEAVES }, { END } });
    conversation_settle(conversation);
    flow_receive_equal(conversation_client(conversation), event->data, sent);
    conversation_run(conversation, (const Step[]){ { CLIENT_IS_CLOSED }, { END } });
}

#define ADD(name, func) g_test_add_func("/daemon/flow/" name, func)
#define ADD_BOTH(name, func) \
    g_test_add_data_func("/daemon/flow/" name "/client", GINT_TO_POINTER(TRUE), func); \
    g_test_add_data_func("/daemon/flow/" name "/libvirtd", GINT_TO_POINTER(FALSE), func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("byte-by-byte", test_a_call_byte_by_byte);
    ADD("longest-message", test_the_longest_message);
    g_test_add_func("/daemon/flow/back-pressure/answers", test_who_is_answered_has_to_read);
    ADD_BOTH("back-pressure", test_a_peer_that_does_not_read_stops_the_other);
    ADD("questions-wait-for-the-end-of-a-message", test_questions_wait_for_the_end_of_a_message);
    ADD("behind-half-a-message/long-call", test_a_long_call_waits_for_the_end_of_a_message);
    ADD("behind-half-a-message/answers", test_many_answers_wait_for_the_end_of_a_message);
    ADD("served-again", test_who_reads_its_answers_is_served_again);
    ADD("libvirtd-hangs", test_what_is_left_for_a_libvirtd_that_hangs_is_given_up);
    ADD("held-calls-are-bounded", test_calls_held_are_bounded);
    ADD("full-house-does-not-cut-off", test_a_full_house_does_not_cut_a_message_off);
    ADD_BOTH("garbage", test_garbage_closes_the_connection);
    ADD("client-leaves-mid-message", test_a_client_that_leaves_mid_message);
    ADD("last-words-of-libvirtd", test_what_libvirtd_said_last_arrives);
    return g_test_run();
}
