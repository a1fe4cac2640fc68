/*
 * A peer that has fallen behind and catches up at any moment: all arrives
 *
 * A client sends 2 MiB. libvirtd takes nothing until so much of it has been read, and
 * from then on everything at once. Whatever virtspmd waits for then must come.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation_private.h"
#include "daemon/io/out_queue.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE (32 * 1024)
#define TOTAL (64 * MESSAGE)
/* The first read gets less, so that the next ones end everywhere in a message. */
#define FIRST_READ (200 * 1024)
/* More turns of the main loop than are ever needed. */
#define TURNS 1000

typedef struct {
    const char *name;
    gboolean has_hung_up; /* having sent all */
    gboolean has_pending; /* all has left the socket already, as TLS's records do */
} Kind;

static const Kind kinds[] = {
    { "reads-on", FALSE, FALSE },
    { "has-hung-up", TRUE, FALSE },
    { "has-pending", FALSE, TRUE },
};

typedef struct {
    SpmTransport base;
    int peer;
} Played;

static const Kind *kind;
static gsize had, taken, taken_from; /* bytes */
static guint8 message[MESSAGE];

static gssize
client_read(SpmTransport *transport, guint8 *bytes, gsize size, int *fds, guint *n_fds, gboolean *lost)
{
    guint8 byte;

    if (had == TOTAL && kind->has_hung_up)
        return 0;
    if (kind->has_pending || had == TOTAL)
        recv(transport->fd, &byte, 1, MSG_DONTWAIT); /* nothing there any more */
    if (had == TOTAL) {
        errno = EAGAIN;
        return -1;
    }
    size = MIN(MIN(size, had == 0 ? FIRST_READ : size), TOTAL - had);
    for (gsize i = 0; i < size; i++)
        bytes[i] = message[(had + i) % MESSAGE];
    had += size;
    return (gssize)size;
}

static gboolean
client_has_pending(const SpmTransport *transport)
{
    return kind->has_pending && had > 0 && had < TOTAL;
}

static gssize
libvirtd_read(SpmTransport *transport, guint8 *bytes, gsize size, int *fds, guint *n_fds, gboolean *lost)
{
    errno = EAGAIN;
    return -1;
}

static gssize
write_to(SpmTransport *transport, const struct iovec *iov, guint count)
{
    gsize size = 0;

    if (had < taken_from) {
        errno = EAGAIN;
        return -1;
    }
    for (guint i = 0; i < count; i++)
        size += iov[i].iov_len;
    taken += size;
    return (gssize)size;
}

static void
played_free(SpmTransport *transport)
{
    close(((Played *)transport)->peer);
    g_free(transport);
}

static const SpmTransportFuncs client_funcs = {
    .read = client_read, .write = write_to, .has_pending = client_has_pending, .free = played_free,
};
static const SpmTransportFuncs libvirtd_funcs = {
    .read = libvirtd_read, .write = write_to, .free = played_free,
};

static Played *
play(const SpmTransportFuncs *funcs)
{
    Played *played = g_new0(Played, 1);
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
    played->base.funcs = funcs;
    played->base.fd = fds[0];
    played->peer = fds[1];
    return played;
}

static void
closed(SpmSession *session, gpointer over)
{
    *(gboolean *)over = TRUE;
}

/* A stream's data passes before a connection is open. */
static void
make_message(void)
{
    const SpmRpcHeader header = {
        .length = MESSAGE,
        .program = SPM_RPC_PROGRAM_REMOTE,
        .version = SPM_RPC_VERSION,
        .procedure = 208,
        .type = SPM_RPC_STREAM,
        .serial = 1,
        .status = SPM_RPC_CONTINUE,
    };

    spm_rpc_header_encode(&header, message);
}

static void
deliver(gsize from)
{
    const SpmTerms terms = conversation_terms(SPM_ACCESS_READ_WRITE, SPM_AUTH_NONE);
    SpmEnvironment environment = { 0 };
    Played *client = play(&client_funcs), *libvirtd = play(&libvirtd_funcs);
    gboolean over = FALSE;
    SpmSession *session;

    had = taken = 0;
    taken_from = from;
    conversation_play_parts(&environment);
    session = spm_session_new(&client->base, &libvirtd->base, conversation_peer(FALSE), &terms,
                              &environment, closed, &over);
    g_assert_cmpint(send(client->peer, "", 1, MSG_NOSIGNAL), ==, 1);
    if (kind->has_hung_up)
        shutdown(client->peer, SHUT_RDWR);
    for (guint i = 0; i < TURNS && g_main_context_iteration(NULL, FALSE); i++)
        ;
    g_test_message("libvirtd takes from %zu KiB on", from / 1024);
    g_assert_cmpuint(had, ==, TOTAL);
    g_assert_cmpuint(taken, ==, TOTAL);
    g_assert_cmpint(over, ==, kind->has_hung_up);
    if (!over)
        spm_session_close(session);
    spm_session_unref(session);
}

static void
test_all_arrives_whenever_libvirtd_goes_on(gconstpointer data)
{
    kind = data;
    make_message();
    for (gsize from = 0; from <= SPM_OUT_QUEUE_BYTES_MAX; from += 16 * 1024)
        deliver(from);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = g_strdup_printf("/daemon/room/whenever-libvirtd-goes-on/%s", kinds[i].name);

        g_test_add_data_func(path, &kinds[i], test_all_arrives_whenever_libvirtd_goes_on);
    }
    return g_test_run();
}
