/*
 * The queue in front of a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/out_queue.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    SpmOutQueue *queue;
    SpmTransport *in;
    int out;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
    fixture->queue = spm_out_queue_new();
    fixture->in = spm_transport_new_unix(pair[0]);
    fixture->out = pair[1];
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    spm_out_queue_free(fixture->queue);
    spm_transport_free(fixture->in);
    if (fixture->out >= 0)
        close(fixture->out);
}

static SpmRpcFrame *
make_frame(guint32 serial, gsize payload_size)
{
    SpmRpcHeader header = { .serial = serial };
    g_autofree guint8 *payload = g_malloc0(payload_size + 1);

    return spm_rpc_frame_new(&header, payload, payload_size);
}

/* The serials of the messages that arrive now, "1 2 3". */
static char *
arrived(Fixture *fixture)
{
    GString *serials = g_string_new(NULL);
    guint8 bytes[4096];
    ssize_t size;

    g_assert_true(spm_out_queue_flush(fixture->queue, fixture->in));
    size = recv(fixture->out, bytes, sizeof bytes, 0);
    for (ssize_t offset = 0; offset < size;) {
        SpmRpcHeader header;

        spm_rpc_header_decode(bytes + offset, &header);
        g_string_append_printf(serials, "%s%u", offset > 0 ? " " : "", header.serial);
        offset += header.length;
    }
    return g_string_free(serials, FALSE);
}

static void
test_messages_keep_their_order(Fixture *fixture, gconstpointer data)
{
    g_autofree char *serials = NULL;

    for (guint32 i = 1; i <= 4; i++)
        spm_out_queue_add_frame(fixture->queue, make_frame(i, i * 8));
    g_assert_false(spm_out_queue_is_empty(fixture->queue));
    serials = arrived(fixture);
    g_assert_cmpstr(serials, ==, "1 2 3 4");
    g_assert_true(spm_out_queue_is_empty(fixture->queue));
}

static void
test_whole_messages_wait_behind_one_in_pieces(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmRpcFrame) pieces = make_frame(1, 100);
    g_autofree char *serials = NULL;

    spm_out_queue_add_bytes(fixture->queue, pieces->bytes->data, 28);
    spm_out_queue_add_frame(fixture->queue, make_frame(2, 0));
    spm_out_queue_add_bytes(fixture->queue, pieces->bytes->data + 28, 100);
    spm_out_queue_add_frame(fixture->queue, make_frame(3, 0));
    g_assert_true(spm_out_queue_flush(fixture->queue, fixture->in));
    g_assert_true(spm_out_queue_is_empty(fixture->queue)); /* of what may be written */
    spm_out_queue_end(fixture->queue);
    g_assert_false(spm_out_queue_is_empty(fixture->queue));
    serials = arrived(fixture);
    g_assert_cmpstr(serials, ==, "1 2 3");
}

static void
test_full_by_bytes(Fixture *fixture, gconstpointer data)
{
    spm_out_queue_add_frame(fixture->queue,
                            make_frame(1, SPM_OUT_QUEUE_BYTES_MAX - SPM_RPC_HEADER_SIZE - 1));
    g_assert_false(spm_out_queue_is_full(fixture->queue));
    spm_out_queue_add_bytes(fixture->queue, (const guint8 *)"x", 1);
    g_assert_true(spm_out_queue_is_full(fixture->queue));
    spm_out_queue_clear(fixture->queue);
    g_assert_false(spm_out_queue_is_full(fixture->queue));
}

static void
test_full_by_descriptors(Fixture *fixture, gconstpointer data)
{
    int last = -1;

    for (guint i = 0; i < SPM_OUT_QUEUE_FDS_MAX; i++) {
        g_assert_false(spm_out_queue_is_full(fixture->queue));
        last = open("/dev/null", O_RDONLY | O_CLOEXEC);
        spm_out_queue_add_fd(fixture->queue, last);
    }
    g_assert_true(spm_out_queue_is_full(fixture->queue));
    g_assert_true(spm_out_queue_flush(fixture->queue, fixture->in));
    g_assert_false(spm_out_queue_is_full(fixture->queue));
    g_assert_cmpint(fcntl(last, F_GETFD), ==, -1); /* sent, and closed here */
}

static void
test_descriptors_left_are_closed(Fixture *fixture, gconstpointer data)
{
    SpmRpcFrame *frame = make_frame(1, 4);
    int waiting = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int queued = open("/dev/null", O_RDONLY | O_CLOEXEC);

    spm_out_queue_add_bytes(fixture->queue, (const guint8 *)"x", 1);
    spm_out_queue_add_fd(fixture->queue, queued);
    frame->fds[frame->n_fds++] = waiting;
    spm_out_queue_add_frame(fixture->queue, frame);
    spm_out_queue_clear(fixture->queue);
    g_assert_cmpint(fcntl(waiting, F_GETFD), ==, -1);
    g_assert_cmpint(fcntl(queued, F_GETFD), ==, -1);
}

/* ---- loans ---- */

static void
test_a_loan_is_written_from_where_it_is(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmRpcFrame) one = make_frame(1, 100);
    g_autoptr(SpmRpcFrame) other = make_frame(2, 8);
    g_autoptr(GByteArray) both = g_byte_array_new();
    g_autofree char *serials = NULL;

    g_byte_array_append(both, one->bytes->data, one->bytes->len);
    g_byte_array_append(both, other->bytes->data, other->bytes->len);
    spm_out_queue_lend_bytes(fixture->queue, both->data, one->bytes->len);
    spm_out_queue_end(fixture->queue);
    spm_out_queue_lend_bytes(fixture->queue, both->data + one->bytes->len, other->bytes->len);
    spm_out_queue_end(fixture->queue);
    g_assert_true(spm_out_queue_has_loan(fixture->queue));
    g_assert_false(spm_out_queue_is_empty(fixture->queue));
    both->data[23] = 7; /* the first one's serial: no copy has been made */
    serials = arrived(fixture);
    g_assert_cmpstr(serials, ==, "7 2");
    g_assert_false(spm_out_queue_has_loan(fixture->queue));
}

#define MORE_THAN_SOCKETS_HOLD (4 * SPM_TRANSPORT_UNREAD_MAX)

/* What could not be written stays right after the loan has gone. */
static void
test_a_loan_given_back_is_kept(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmRpcFrame) frame = make_frame(3, MORE_THAN_SOCKETS_HOLD);
    g_autofree guint8 *got = g_malloc(MORE_THAN_SOCKETS_HOLD + 28);
    gsize done = 0;

    spm_out_queue_lend_bytes(fixture->queue, frame->bytes->data, frame->bytes->len);
    spm_out_queue_end(fixture->queue);
    g_assert_true(spm_out_queue_flush(fixture->queue, fixture->in));
    g_assert_true(spm_out_queue_has_loan(fixture->queue));
    spm_out_queue_return(fixture->queue);
    g_assert_false(spm_out_queue_has_loan(fixture->queue));
    memset(frame->bytes->data, 0xff, frame->bytes->len);
    while (done < MORE_THAN_SOCKETS_HOLD + 28) {
        ssize_t size;

        g_assert_true(spm_out_queue_flush(fixture->queue, fixture->in));
        size = recv(fixture->out, got + done, MORE_THAN_SOCKETS_HOLD + 28 - done, 0);
        g_assert_cmpint(size, >, 0);
        done += size;
    }
    g_assert_cmpuint(got[23], ==, 3);
    for (gsize i = 28; i < done; i++)
        g_assert_cmpuint(got[i], ==, 0);
}

static void
test_what_comes_behind_a_loan_stays_behind_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmRpcFrame) lent = make_frame(1, 50);
    g_autoptr(SpmRpcFrame) again = make_frame(4, 50);
    g_autofree guint8 *got = g_malloc(20212);
    SpmRpcHeader header;
    gsize offset = 0;

    spm_out_queue_lend_bytes(fixture->queue, lent->bytes->data, lent->bytes->len);
    spm_out_queue_end(fixture->queue);
    spm_out_queue_add_frame(fixture->queue, make_frame(2, 0));
    spm_out_queue_add_frame(fixture->queue, make_frame(3, 20000)); /* is not copied */
    spm_out_queue_lend_bytes(fixture->queue, again->bytes->data, again->bytes->len);
    spm_out_queue_end(fixture->queue);
    g_assert_true(spm_out_queue_flush(fixture->queue, fixture->in));
    g_assert_cmpint(recv(fixture->out, got, 20212, 0), ==, 20212);
    for (guint32 i = 1; i <= 4; i++, offset += header.length) {
        spm_rpc_header_decode(got + offset, &header);
        g_assert_cmpuint(header.serial, ==, i);
    }
}

static void
test_a_reader_that_is_gone(Fixture *fixture, gconstpointer data)
{
    close(fixture->out);
    fixture->out = -1;
    spm_out_queue_add_frame(fixture->queue, make_frame(1, 0));
    g_assert_false(spm_out_queue_flush(fixture->queue, fixture->in));
}

#define ADD(name, func) g_test_add("/daemon/queue/" name, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("order", test_messages_keep_their_order);
    ADD("behind-one-in-pieces", test_whole_messages_wait_behind_one_in_pieces);
    ADD("full-by-bytes", test_full_by_bytes);
    ADD("full-by-descriptors", test_full_by_descriptors);
    ADD("descriptors-left-are-closed", test_descriptors_left_are_closed);
    ADD("loan/no-copy", test_a_loan_is_written_from_where_it_is);
    ADD("loan/given-back", test_a_loan_given_back_is_kept);
    ADD("loan/order", test_what_comes_behind_a_loan_stays_behind_it);
    ADD("reader-gone", test_a_reader_that_is_gone);
    return g_test_run();
}
