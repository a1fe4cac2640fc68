/*
 * How bytes and descriptors flow: in every size, within bounds, never mixed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/out_queue.h"
#include "documents.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A message to relay, with a body that is not all the same. */
static GByteArray *
make_message(guint32 type, guint32 procedure, gsize size)
{
    SpmRpcHeader header = { .program = SPM_RPC_PROGRAM_REMOTE,
                            .version = SPM_RPC_VERSION,
                            .procedure = procedure,
                            .type = type,
                            .serial = 9 };
    g_autofree guint8 *payload = g_malloc(size - SPM_RPC_HEADER_SIZE);
    g_autoptr(SpmRpcFrame) frame = NULL;

    for (gsize i = 0; i < size - SPM_RPC_HEADER_SIZE; i++)
        payload[i] = i * 31 + i / 257;
    frame = spm_rpc_frame_new(&header, payload, size - SPM_RPC_HEADER_SIZE);
    return g_byte_array_ref(frame->bytes);
}

/* Send as much as goes while virtspmd works; how much that was. */
static gsize
send_some(Conversation *conversation, int fd, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t sent;

        conversation_settle(conversation);
        sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            return done;
        }
        done += sent;
    }
    return done;
}

static void
receive_equal(int fd, const guint8 *expected, gsize size)
{
    g_autofree guint8 *bytes = g_malloc(size);

    g_assert_true(conversation_receive(fd, bytes, size));
    g_assert_cmpmem(bytes, size, expected, size);
}

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
    g_autoptr(GByteArray) message = make_message(SPM_RPC_STREAM, 208, SPM_RPC_FRAME_MAX);
    g_autofree guint8 *received = g_malloc(message->len);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);
    gsize sent = 0, got = 0;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    while (got < message->len) {
        ssize_t size;

        sent += send_some(conversation, client, message->data + sent, message->len - sent);
        conversation_settle(conversation);
        size = recv(libvirtd, received + got, MIN(message->len - got, 70001), 0);
        g_assert_cmpint(size, >, 0);
        got += size;
    }
    g_assert_cmpmem(received, got, message->data, message->len);
}

/* ---- bounds ---- */

/* What sockets on the way may hold besides virtspmd's own queue: the kernel doubles what
 * virtspmd asks for, and the test's own socket holds some. */
#define SOCKETS_HOLD (2 * SPM_TRANSPORT_UNREAD_MAX + 1024 * 1024)

static void
test_a_peer_that_does_not_read_stops_the_other(gconstpointer data)
{
    gboolean client_sends = GPOINTER_TO_INT(data);
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) event = make_message(SPM_RPC_STREAM, 208, 10000);
    g_autoptr(GByteArray) flood = g_byte_array_new();
    gsize sent;
    int from, to;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    from = client_sends ? conversation_client(conversation) : conversation_libvirtd(conversation);
    to = client_sends ? conversation_libvirtd(conversation) : conversation_client(conversation);
    for (guint i = 0; i < 2000; i++)
        g_byte_array_append(flood, event->data, event->len);

    sent = send_some(conversation, from, flood->data, flood->len);
    g_assert_cmpuint(sent, >=, SPM_OUT_QUEUE_BYTES_MAX);
    g_assert_cmpuint(sent, <=, SPM_OUT_QUEUE_BYTES_MAX + SOCKETS_HOLD);

    /* The other direction is not stopped. */
    conversation_send(to, event->data, event->len);
    receive_equal(from, event->data, event->len);

    /* Once it reads, everything comes, in order. */
    receive_equal(to, flood->data, sent);
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
        gsize size = send_some(conversation, conversation_client(conversation), call->data, call->len);

        if (size < call->len)
            break;
        sent += size;
    }
    g_assert_cmpuint(sent, <, many);
}

/* FALSE when the socket takes nothing now. */
static gboolean
try_send_fd(int socket, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { (void *)"", 1 };
    struct msghdr message = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    if (sendmsg(socket, &message, MSG_NOSIGNAL) == 1)
        return TRUE;
    g_assert_cmpint(errno, ==, EAGAIN);
    return FALSE;
}

static void
send_fd(int socket, int fd)
{
    while (!try_send_fd(socket, fd))
        g_main_context_iteration(NULL, TRUE);
}

/* The byte 0, and the descriptor with it. */
static int
receive_fd(int socket)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    guint8 byte = 1;
    struct iovec iov = { &byte, 1 };
    struct msghdr message = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    struct cmsghdr *cmsg;
    ssize_t size;
    int fd;

    while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
        g_assert_cmpint(errno, ==, EAGAIN);
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpint(size, ==, 1);
    g_assert_cmpint(byte, ==, 0);
    cmsg = CMSG_FIRSTHDR(&message);
    g_assert_nonnull(cmsg);
    g_assert_cmpint(cmsg->cmsg_type, ==, SCM_RIGHTS);
    memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
    return fd;
}

static gboolean
same_file(int a, int b)
{
    struct stat one, other;

    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* ---- descriptors ---- */

static void
check_fds(int from, int to, const Step *step, guint count)
{
    g_autoptr(GByteArray) message = conversation_message(step);
    int pipes[4];

    g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(pipes + 2, O_CLOEXEC), ==, 0);
    conversation_send(from, message->data, message->len);
    for (guint i = 0; i < count; i++)
        send_fd(from, pipes[i * 2]);
    receive_equal(to, message->data, message->len);
    for (guint i = 0; i < count; i++) {
        int fd = receive_fd(to);

        g_assert_true(same_file(fd, pipes[i * 2]));
        close(fd);
    }
    for (guint i = 0; i < 4; i++)
        close(pipes[i]);
}

static void
test_fds_pass_with_calls_and_replies(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const Step associate = { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 443, 2, SPM_RPC_OK,
                             "u2 d 'images' u0" };
    const Step graphics = { LIBVIRTD_SENDS, SPM_RPC_REPLY_WITH_FDS, 343, 3, SPM_RPC_OK, "u1" };
    /* Held while libvirtd is asked; its descriptors stay with it. */
    const Step start = { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 310, 4, SPM_RPC_OK, "u1 d u8" };
    g_autoptr(GByteArray) message = conversation_message(&start);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    check_fds(client, libvirtd, &associate, 2);
    check_fds(libvirtd, client, &graphics, 1);

    conversation_send(client, message->data, message->len);
    send_fd(client, null);
    conversation_run(conversation, (const Step[]){
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { END },
    });
    receive_equal(libvirtd, message->data, message->len);
    fd = receive_fd(libvirtd);
    g_assert_true(same_file(fd, null));
    close(fd);
    close(null);
}

static guint
count_open_fds(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

/* A peer that does not read cannot fill the descriptor table. */
static void
test_fds_under_way_are_bounded(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const Step associate = { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 443, 2, SPM_RPC_OK,
                             "u32 d 'images' u0" };
    g_autoptr(GByteArray) message = conversation_message(&associate);
    int client = conversation_client(conversation);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int small = 4096;
    gboolean taken = TRUE;
    guint before;

    setsockopt(conversation_libvirtd(conversation), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    before = count_open_fds();
    for (guint i = 0; i < 1000 && taken; i++) {
        taken = send_some(conversation, client, message->data, message->len) == message->len;
        for (guint j = 0; j < SPM_RPC_FDS_MAX && taken; j++) {
            taken = try_send_fd(client, null);
            conversation_settle(conversation);
        }
    }
    g_assert_false(taken);
    g_assert_cmpuint(count_open_fds(), <=, before + 3 * SPM_RPC_FDS_MAX);
    close(null);
}

/* ---- order ---- */

/* A question of ours does not cut a message in two that is half relayed. */
static void
test_questions_wait_for_the_end_of_a_message(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autoptr(GByteArray) stream = make_message(SPM_RPC_STREAM, 208, 300000);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);

    conversation_run(conversation, (const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) },
        { END },
    });
    conversation_send(client, stream->data, 200000);
    receive_equal(libvirtd, stream->data, 200000);
    conversation_run(conversation, (const Step[]){
        { EMULATOR_ANSWERS },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
    conversation_send(client, stream->data + 200000, 100000);
    receive_equal(libvirtd, stream->data + 200000, 100000);
    conversation_run(conversation, (const Step[]){ { LIBVIRTD_GETS, PROBE(OURS(1)) }, { END } });
}

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
    g_autoptr(GByteArray) stream = make_message(SPM_RPC_STREAM, 208, 300000);
    int client = conversation_client(conversation);
    int libvirtd = conversation_libvirtd(conversation);

    conversation_run(conversation, (const Step[]){ OPENING, { EMULATOR_KEEPS_WAITING }, { END } });
    for (guint i = 0; i < SPM_SESSION_HELD_MAX - 1; i++)
        conversation_run(conversation, (const Step[]){
            { CLIENT_SENDS, CALL(11, 100 + i, "$", USER_ON(EMULATOR_SPM)) }, { END } });
    conversation_send(client, stream->data, 100);
    receive_equal(libvirtd, stream->data, 100);
    conversation_send(client, stream->data + 100, stream->len - 100);
    receive_equal(libvirtd, stream->data + 100, stream->len - 100);
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
    g_autoptr(GByteArray) stream = make_message(SPM_RPC_STREAM, 208, 300000);

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    conversation_send(conversation_client(conversation), stream->data, 1000);
    conversation_run(conversation, (const Step[]){ { CLIENT_LEAVES }, { END } });
    receive_equal(conversation_libvirtd(conversation), stream->data, 1000);
    conversation_run(conversation, (const Step[]){ { LIBVIRTD_IS_CLOSED }, { END } });
    g_assert_true(conversation_is_over(conversation));
}

/* libvirtd goes while the client does not read: what it said still arrives. */
static void
test_what_libvirtd_said_last_arrives(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autoptr(GByteArray) event = make_message(SPM_RPC_MESSAGE, 318, 1000000);
    gsize sent;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    sent = send_some(conversation, conversation_libvirtd(conversation), event->data, event->len);
    conversation_run(conversation, (const Step[]){ { LIBVIRTD_LEAVES }, { END } });
    conversation_settle(conversation);
    receive_equal(conversation_client(conversation), event->data, sent);
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
    ADD("fds/pass", test_fds_pass_with_calls_and_replies);
    ADD("fds/bounded", test_fds_under_way_are_bounded);
    ADD("questions-wait-for-the-end-of-a-message", test_questions_wait_for_the_end_of_a_message);
    ADD("held-calls-are-bounded", test_calls_held_are_bounded);
    ADD("full-house-does-not-cut-off", test_a_full_house_does_not_cut_a_message_off);
    ADD_BOTH("garbage", test_garbage_closes_the_connection);
    ADD("client-leaves-mid-message", test_a_client_that_leaves_mid_message);
    ADD("last-words-of-libvirtd", test_what_libvirtd_said_last_arrives);
    return g_test_run();
}
