/*
 * From bytes with descriptors to messages: every real message, in pieces of
 * every size, whole and relayed; and what is not the protocol
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_parser.h"
#include "rpc_test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What came out: the bytes in their order, and how many of each event. */
typedef struct {
    GByteArray *bytes;
    guint headers, ends, frames, fds;
    gboolean malformed;
} Seen;

static void
seen_clear(Seen *seen)
{
    g_clear_pointer(&seen->bytes, g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seen, seen_clear)

static void
take_events(SpmRpcParser *parser, gboolean collect, Seen *seen)
{
    for (;;) {
        g_autoptr(SpmRpcFrame) frame = NULL;
        const guint8 *bytes;
        gsize size;

        switch (spm_rpc_parser_next(parser)) {
        case SPM_RPC_EVENT_NONE:
            return;
        case SPM_RPC_EVENT_HEADER:
            seen->headers++;
            if (collect)
                spm_rpc_parser_collect(parser);
            break;
        case SPM_RPC_EVENT_BYTES:
            bytes = spm_rpc_parser_bytes(parser, &size);
            g_byte_array_append(seen->bytes, bytes, size);
            break;
        case SPM_RPC_EVENT_FD:
            close(spm_rpc_parser_take_fd(parser));
            seen->fds++;
            break;
        case SPM_RPC_EVENT_END:
            seen->ends++;
            break;
        case SPM_RPC_EVENT_FRAME:
            frame = spm_rpc_parser_take_frame(parser);
            g_byte_array_append(seen->bytes, frame->bytes->data, frame->bytes->len);
            seen->frames++;
            seen->fds += frame->n_fds;
            break;
        case SPM_RPC_EVENT_MALFORMED:
            seen->malformed = TRUE;
            g_assert_nonnull(spm_rpc_parser_reason(parser));
            g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_MALFORMED);
            return;
        }
    }
}

/* Feed at most @piece bytes at once. */
static void
feed(SpmRpcParser *parser, const guint8 *bytes, gsize size, gsize piece, gboolean collect,
     Seen *seen)
{
    while (size > 0 && !seen->malformed) {
        gsize room;
        guint8 *to = spm_rpc_parser_room(parser, &room);
        gsize some = MIN(MIN(size, piece), room);

        g_assert_cmpuint(room, >, 0);
        memcpy(to, bytes, some);
        spm_rpc_parser_filled(parser, some, NULL, 0);
        take_events(parser, collect, seen);
        bytes += some;
        size -= some;
    }
}

static void
feed_fds(SpmRpcParser *parser, const char *hex, guint n_fds, gboolean collect, Seen *seen)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(hex);
    int fds[64];
    gsize room;

    for (guint i = 0; i < n_fds; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    memcpy(spm_rpc_parser_room(parser, &room), bytes->data, bytes->len);
    spm_rpc_parser_filled(parser, bytes->len, fds, n_fds);
    take_events(parser, collect, seen);
}

static void
test_messages_in_pieces_of_every_size(gconstpointer data)
{
    gboolean collect = GPOINTER_TO_INT(data);
    g_autoptr(GByteArray) conversation =
        rpc_test_bytes(AUTH_LIST_CALL AUTH_LIST_REPLY CONNECT_OPEN_CALL LOOKUP_BY_NAME_REPLY
                           LIFECYCLE_EVENT PING STREAM_HOLE);

    for (gsize piece = 1; piece <= conversation->len; piece++) {
        g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
        g_auto(Seen) seen = { g_byte_array_new() };

        feed(parser, conversation->data, conversation->len, piece, collect, &seen);
        g_assert_cmpmem(seen.bytes->data, seen.bytes->len, conversation->data, conversation->len);
        g_assert_cmpuint(seen.headers, ==, 7);
        g_assert_cmpuint(seen.frames, ==, collect ? 7 : 0);
        g_assert_cmpuint(seen.ends, ==, collect ? 0 : 7);
    }
}

/* The relay need not wait for the end of a long message. */
static void
test_a_long_message_comes_out_as_it_arrives(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_auto(Seen) seen = { g_byte_array_new() };
    g_autoptr(GByteArray) start =
        rpc_test_bytes("02000004 20008086 00000001 0000000b 00000000 00000005 00000000");
    g_autofree guint8 *body = g_malloc0(SPM_RPC_FRAME_MAX);

    feed(parser, start->data, start->len, start->len, FALSE, &seen);
    g_assert_cmpuint(seen.bytes->len, ==, SPM_RPC_HEADER_SIZE);
    feed(parser, body, 1000, 1000, FALSE, &seen);
    g_assert_cmpuint(seen.bytes->len, ==, SPM_RPC_HEADER_SIZE + 1000);
    feed(parser, body, SPM_RPC_FRAME_MAX - SPM_RPC_HEADER_SIZE - 1000, G_MAXSIZE, FALSE, &seen);
    g_assert_cmpuint(seen.bytes->len, ==, SPM_RPC_FRAME_MAX);
    g_assert_cmpuint(seen.ends, ==, 1);
}

static void
test_fds_follow_their_message(gconstpointer data)
{
    gboolean collect = GPOINTER_TO_INT(data);
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_auto(Seen) seen = { g_byte_array_new() };

    feed_fds(parser, OPEN_GRAPHICS_CALL, 0, collect, &seen);
    g_assert_cmpuint(seen.ends + seen.frames, ==, 0);
    feed_fds(parser, OPEN_GRAPHICS_MARKER, 1, collect, &seen);
    g_assert_cmpuint(seen.ends + seen.frames, ==, 1);
    g_assert_cmpuint(seen.fds, ==, 1);

    /* The kernel may hand over the message and the byte behind it at once, and
     * the next message follows. */
    feed_fds(parser, OPEN_GRAPHICS_FD_REPLY OPEN_GRAPHICS_MARKER, 1, collect, &seen);
    feed_fds(parser, PING, 0, collect, &seen);
    g_assert_cmpuint(seen.ends + seen.frames, ==, 3);
    g_assert_cmpuint(seen.fds, ==, 2);
}

static void
test_as_many_fds_as_allowed(gconstpointer data)
{
    gboolean collect = GPOINTER_TO_INT(data);
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_auto(Seen) seen = { g_byte_array_new() };

    feed_fds(parser, "00000020 20008087 00000001 00000007 00000004 00000007 00000000 00000020", 0,
             collect, &seen);
    for (guint i = 0; i < SPM_RPC_FDS_MAX; i++)
        feed_fds(parser, "00", 1, collect, &seen);
    g_assert_cmpuint(seen.fds, ==, SPM_RPC_FDS_MAX);
    g_assert_cmpuint(seen.ends + seen.frames, ==, 1);
}

/* libvirtd closes descriptors that belong to no message. */
static void
test_spare_fds_are_closed(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_auto(Seen) seen = { g_byte_array_new() };
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_autoptr(GByteArray) bytes = rpc_test_bytes(PING);
    gsize room;

    memcpy(spm_rpc_parser_room(parser, &room), bytes->data, bytes->len);
    spm_rpc_parser_filled(parser, bytes->len, &fd, 1);
    take_events(parser, FALSE, &seen);
    g_assert_cmpuint(seen.fds, ==, 0);
    g_assert_cmpuint(seen.ends, ==, 1);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static void
test_what_is_not_taken_is_freed(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_autoptr(GByteArray) bytes = rpc_test_bytes(OPEN_GRAPHICS_FD_REPLY OPEN_GRAPHICS_MARKER PING);
    gsize room;

    memcpy(spm_rpc_parser_room(parser, &room), bytes->data, bytes->len);
    spm_rpc_parser_filled(parser, bytes->len, &fd, 1);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_HEADER);
    spm_rpc_parser_collect(parser);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_FRAME);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_HEADER);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static void
test_malformed(gconstpointer data)
{
    static const struct {
        const char *what;
        const char *hex;
        guint n_fds;
    } cases[] = {
        { "no length", "00000000 20008086 00000001 00000042 00000000 00000001 00000000", 0 },
        { "shorter than a header", "0000001b 20008086 00000001 00000042 00000000 00000001 00000000",
          0 },
        { "one byte too long", "02000005 20008086 00000001 00000042 00000000 00000001 00000000", 0 },
        { "longest number", "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff", 0 },
        { "no count of descriptors",
          "0000001c 20008086 00000001 000000f9 00000004 00000008 00000000", 0 },
        { "half a count", "0000001e 20008086 00000001 000000f9 00000005 00000008 00000000 0000", 0 },
        { "33 descriptors",
          "00000020 20008086 00000001 000000f9 00000004 00000008 00000000 00000021", 0 },
        { "a count beyond all bounds",
          "00000020 20008086 00000001 000000f9 00000004 00000008 00000000 ffffffff", 0 },
        { "no descriptor with the byte for it",
          "00000020 20008086 00000001 000000f9 00000004 00000008 00000000 00000001 00", 0 },
        { "text", "47455420 2f204854 54502f31 2e310d0a 486f7374 3a206c6f 63616c68 6f73740d", 0 },
        { "33 descriptors at once", "00", 33 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
        g_auto(Seen) seen = { g_byte_array_new() };

        g_test_message("%s", cases[i].what);
        feed_fds(parser, cases[i].hex, cases[i].n_fds, GPOINTER_TO_INT(data), &seen);
        g_assert_true(seen.malformed);
        g_assert_cmpuint(seen.ends + seen.frames, ==, 0);
    }
}

static void
test_messages_before_the_malformed_one_count(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_auto(Seen) seen = { g_byte_array_new() };

    feed_fds(parser,
             PING AUTH_LIST_CALL "00000001 20008086 00000001 00000001 00000000 00000000"
                                 "00000000",
             0, FALSE, &seen);
    g_assert_cmpuint(seen.ends, ==, 2);
    g_assert_true(seen.malformed);
}

/* ---- the buffer ---- */

static void
read_into(SpmRpcParser *parser, const guint8 *bytes, gsize size)
{
    gsize room;
    guint8 *to = spm_rpc_parser_room(parser, &room);

    g_assert_cmpuint(room, >=, size);
    memcpy(to, bytes, size);
    spm_rpc_parser_filled(parser, size, NULL, 0);
}

/* Idle is who has no input left, even in the middle of a message. */
static void
test_an_idle_parser_has_no_buffer(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_autoptr(SpmRpcParser) other = spm_rpc_parser_new();
    static const guint8 header[SPM_RPC_HEADER_SIZE] = { 0, 0, 0, SPM_RPC_HEADER_SIZE };
    const guint8 *first;
    gsize room;

    g_assert_false(spm_rpc_parser_has_buffer(parser));
    first = spm_rpc_parser_room(parser, &room);
    spm_rpc_parser_filled(parser, 0, NULL, 0); /* there was nothing to read */
    spm_rpc_parser_rest(parser);
    g_assert_false(spm_rpc_parser_has_buffer(parser));
    /* The next one has the same. */
    g_assert_true(spm_rpc_parser_room(other, &room) == first);
    spm_rpc_parser_rest(other);

    read_into(parser, header, 10);
    spm_rpc_parser_rest(parser);
    g_assert_true(spm_rpc_parser_has_buffer(parser)); /* nobody has looked at it yet */
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_NONE);
    spm_rpc_parser_rest(parser);
    g_assert_false(spm_rpc_parser_has_buffer(parser));
    read_into(parser, header + 10, SPM_RPC_HEADER_SIZE - 10);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_HEADER);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_BYTES);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_END);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_NONE);
    spm_rpc_parser_rest(parser);
    g_assert_false(spm_rpc_parser_has_buffer(parser));
}

/* A rest between a header and its piece: the piece is still right. */
static void
test_a_rest_after_the_header(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    static const guint8 header[SPM_RPC_HEADER_SIZE] = { 0, 0, 0, SPM_RPC_HEADER_SIZE, 7 };
    gsize size;

    read_into(parser, header, sizeof header);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_HEADER);
    spm_rpc_parser_rest(parser);
    g_assert_cmpint(spm_rpc_parser_next(parser), ==, SPM_RPC_EVENT_BYTES);
    g_assert_false(spm_rpc_parser_bytes_stay(parser));
    g_assert_cmpmem(spm_rpc_parser_bytes(parser, &size), size, header, sizeof header);
}

/* So that many can be written with one system call. */
static void
test_pieces_that_stay_lie_next_to_each_other(void)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    guint8 messages[3 * 40] = { 0 };
    const guint8 *end = NULL;
    guint pieces = 0;
    SpmRpcEvent event;

    for (guint i = 0; i < 3; i++)
        messages[i * 40 + 3] = 40;
    read_into(parser, messages, sizeof messages);
    while ((event = spm_rpc_parser_next(parser)) != SPM_RPC_EVENT_NONE) {
        gsize size;
        const guint8 *piece = spm_rpc_parser_bytes(parser, &size);

        if (event != SPM_RPC_EVENT_BYTES)
            continue;
        g_assert_true(spm_rpc_parser_bytes_stay(parser));
        g_assert_true(!end || piece == end);
        end = piece + size;
        pieces++;
    }
    g_assert_cmpuint(pieces, ==, 3); /* each message lies there whole */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/rpc/parser/pieces-of-every-size/relayed", GINT_TO_POINTER(FALSE),
                         test_messages_in_pieces_of_every_size);
    g_test_add_data_func("/rpc/parser/pieces-of-every-size/collected", GINT_TO_POINTER(TRUE),
                         test_messages_in_pieces_of_every_size);
    g_test_add_func("/rpc/parser/long-message-comes-out-as-it-arrives",
                    test_a_long_message_comes_out_as_it_arrives);
    g_test_add_data_func("/rpc/parser/fds-follow-their-message/relayed", GINT_TO_POINTER(FALSE),
                         test_fds_follow_their_message);
    g_test_add_data_func("/rpc/parser/fds-follow-their-message/collected", GINT_TO_POINTER(TRUE),
                         test_fds_follow_their_message);
    g_test_add_data_func("/rpc/parser/as-many-fds-as-allowed/relayed", GINT_TO_POINTER(FALSE),
                         test_as_many_fds_as_allowed);
    g_test_add_data_func("/rpc/parser/as-many-fds-as-allowed/collected", GINT_TO_POINTER(TRUE),
                         test_as_many_fds_as_allowed);
    g_test_add_func("/rpc/parser/spare-fds-are-closed", test_spare_fds_are_closed);
    g_test_add_func("/rpc/parser/what-is-not-taken-is-freed", test_what_is_not_taken_is_freed);
    g_test_add_data_func("/rpc/parser/malformed/relayed", GINT_TO_POINTER(FALSE), test_malformed);
    g_test_add_data_func("/rpc/parser/malformed/collected", GINT_TO_POINTER(TRUE), test_malformed);
    g_test_add_func("/rpc/parser/messages-before-the-malformed-one-count",
                    test_messages_before_the_malformed_one_count);
    g_test_add_func("/rpc/parser/buffer/none-while-idle", test_an_idle_parser_has_no_buffer);
    g_test_add_func("/rpc/parser/buffer/rest-after-the-header", test_a_rest_after_the_header);
    g_test_add_func("/rpc/parser/buffer/pieces-that-stay",
                    test_pieces_that_stay_lie_next_to_each_other);
    return g_test_run();
}
