/*
 * File descriptors on their way: with the message they belong to, and within bounds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "documents.h"
#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
    flow_receive_equal(to, message->data, message->len);
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
    flow_receive_equal(libvirtd, message->data, message->len);
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

/* The same call with as many descriptors as it may have, again and again, until no more is
 * taken. */
static void
flood(Conversation *conversation, const Step *step)
{
    g_autoptr(GByteArray) message = conversation_message(step);
    int client = conversation_client(conversation);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    gboolean taken = TRUE;

    for (guint i = 0; i < 1000 && taken; i++) {
        taken = flow_send_some(conversation, client, message->data, message->len) == message->len;
        for (guint j = 0; j < SPM_RPC_FDS_MAX && taken; j++) {
            taken = try_send_fd(client, null);
            conversation_settle(conversation);
        }
    }
    g_assert_false(taken);
    close(null);
}

/* A peer that does not read cannot fill the descriptor table. */
static void
test_fds_under_way_are_bounded(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const Step associate = { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 443, 2, SPM_RPC_OK,
                             "u32 d 'images' u0" };
    int small = 4096;
    guint before;

    setsockopt(conversation_libvirtd(conversation), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    before = count_open_fds();
    flood(conversation, &associate);
    g_assert_cmpuint(count_open_fds(), <=, before + 3 * SPM_RPC_FDS_MAX);
}

/* Nor can calls that are held here. The next one is read when one has gone on. */
static void
test_fds_of_held_calls_are_bounded(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    const Step start = { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 310, 4, SPM_RPC_OK, "u32 d u8" };
    g_autoptr(GByteArray) message = conversation_message(&start);
    int libvirtd = conversation_libvirtd(conversation);
    guint before;

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    before = count_open_fds();
    flood(conversation, &start);
    g_assert_cmpuint(count_open_fds(), <=, before + 3 * SPM_RPC_FDS_MAX);

    conversation_run(conversation, (const Step[]){
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u2") },
        { NOBODY_GETS_ANYTHING },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { END },
    });
    flow_receive_equal(libvirtd, message->data, message->len);
    for (guint i = 0; i < SPM_RPC_FDS_MAX; i++)
        close(receive_fd(libvirtd));
    conversation_run(conversation, (const Step[]){
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") }, { END } });
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/descriptors/pass", test_fds_pass_with_calls_and_replies);
    g_test_add_func("/daemon/descriptors/bounded", test_fds_under_way_are_bounded);
    g_test_add_func("/daemon/descriptors/held", test_fds_of_held_calls_are_bounded);
    return g_test_run();
}
