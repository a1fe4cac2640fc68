/*
 * rpc_parser.c: from a byte stream with file descriptors to messages
 *
 * Descriptors and bytes: the kernel ends a read behind the bytes that carried
 * descriptors, so the descriptors of a read belong to its last bytes. libvirt
 * sends one with each of the bytes behind a message. They are queued here, and
 * each of those bytes takes the first of the queue.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_parser.h"

#include <string.h>
#include <unistd.h>

typedef enum {
    STATE_HEADER, /* collecting the header, and the count of descriptors if there is one */
    STATE_BODY,   /* the rest of the message */
    STATE_FDS,    /* the bytes behind it */
    STATE_BROKEN,
} State;

struct _SpmRpcParser {
    State state;
    const char *reason;

    guint8 *input;    /* SPM_RPC_INPUT_SIZE; NULL while there is none */
    gsize start, end; /* input not used yet */

    int fds[SPM_RPC_FDS_MAX];
    guint n_fds; /* descriptors not used yet */

    SpmRpcHeader header;
    guint8 head[SPM_RPC_HEADER_SIZE + 4]; /* header and count of descriptors */
    gsize head_size;
    const guint8 *head_in_input; /* where it lies in one piece; NULL: nowhere */
    guint64 body_left;
    guint fds_left;

    gboolean announced;   /* EVENT_HEADER was given; the next event shows the head */
    SpmRpcFrame *collect; /* the message being collected, or NULL: in pieces */
    const guint8 *piece;
    gsize piece_size;
    int fd;
};

/* ---- the input buffer ---- */

/* The one that is not in use. Mostly it goes from parser to parser, as each has
 * its input dealt with before the next one reads. */
static __thread guint8 *spare;

static void
free_spare(gpointer thread)
{
    g_clear_pointer(&spare, g_free);
}

/* Only for its end: to look something up in it costs as much as to relay a message. */
static GPrivate thread_end = G_PRIVATE_INIT(free_spare);

static guint8 *
take_buffer(void)
{
    if (spare)
        return g_steal_pointer(&spare);
    g_private_set(&thread_end, &thread_end);
    return g_malloc(SPM_RPC_INPUT_SIZE);
}

static void
give_buffer_up(SpmRpcParser *parser)
{
    if (spare)
        g_free(parser->input);
    else
        spare = parser->input;
    parser->input = NULL;
}

SpmRpcParser *
spm_rpc_parser_new(void)
{
    SpmRpcParser *parser = g_new0(SpmRpcParser, 1);

    parser->fd = -1;
    return parser;
}

static void
close_fds(SpmRpcParser *parser)
{
    while (parser->n_fds > 0)
        close(parser->fds[--parser->n_fds]);
}

void
spm_rpc_parser_free(SpmRpcParser *parser)
{
    if (!parser)
        return;
    close_fds(parser);
    if (parser->fd >= 0)
        close(parser->fd);
    spm_rpc_frame_free(parser->collect);
    give_buffer_up(parser);
    g_free(parser);
}

static SpmRpcEvent
broken(SpmRpcParser *parser, const char *reason)
{
    parser->state = STATE_BROKEN;
    parser->reason = reason;
    close_fds(parser);
    g_clear_pointer(&parser->collect, spm_rpc_frame_free);
    return SPM_RPC_EVENT_MALFORMED;
}

guint8 *
spm_rpc_parser_room(SpmRpcParser *parser, gsize *room)
{
    *room = parser->start == parser->end ? SPM_RPC_INPUT_SIZE : 0;
    if (!parser->input)
        parser->input = take_buffer();
    return parser->input;
}

gboolean
spm_rpc_parser_has_input(const SpmRpcParser *parser)
{
    return parser->start < parser->end;
}

void
spm_rpc_parser_rest(SpmRpcParser *parser)
{
    if (spm_rpc_parser_has_input(parser))
        return;
    give_buffer_up(parser);
    parser->head_in_input = NULL;
}

gboolean
spm_rpc_parser_has_buffer(const SpmRpcParser *parser)
{
    return parser->input != NULL;
}

void
spm_rpc_parser_filled(SpmRpcParser *parser, gsize size, const int *fds, guint n_fds)
{
    parser->head_in_input = NULL;
    parser->start = 0;
    parser->end = MIN(size, SPM_RPC_INPUT_SIZE);

    for (guint i = 0; i < n_fds; i++) {
        /* More than one message may have is nothing that libvirt sends. */
        if (parser->state == STATE_BROKEN || parser->n_fds == SPM_RPC_FDS_MAX) {
            close(fds[i]);
            broken(parser, "more file descriptors than a message may have");
        } else {
            parser->fds[parser->n_fds++] = fds[i];
        }
    }
}

static gsize
take(SpmRpcParser *parser, guint64 wanted)
{
    gsize size = MIN(wanted, parser->end - parser->start);

    if (size == 0)
        return 0; /* there may be no buffer */
    parser->piece = parser->input + parser->start;
    parser->piece_size = size;
    parser->start += size;
    return size;
}

/* Returns TRUE once the head is complete; FALSE for want of input. */
static gboolean
fill_head(SpmRpcParser *parser, gsize wanted)
{
    gsize size = take(parser, wanted - parser->head_size);

    if (size == 0)
        return FALSE;
    if (parser->head_size == 0)
        parser->head_in_input = parser->piece;
    memcpy(parser->head + parser->head_size, parser->piece, size);
    parser->head_size += size;
    return parser->head_size == wanted;
}

static SpmRpcEvent
next_header(SpmRpcParser *parser)
{
    SpmRpcHeader *header = &parser->header;

    if (parser->head_size < SPM_RPC_HEADER_SIZE) {
        if (!fill_head(parser, SPM_RPC_HEADER_SIZE))
            return SPM_RPC_EVENT_NONE;
        spm_rpc_header_decode(parser->head, header);
        if (header->length < SPM_RPC_HEADER_SIZE)
            return broken(parser, "a message shorter than its header");
        if (header->length > SPM_RPC_FRAME_MAX)
            return broken(parser, "a message longer than libvirt allows");
        if (spm_rpc_header_has_fds(header) && header->length < SPM_RPC_HEADER_SIZE + 4)
            return broken(parser, "a message without its count of file descriptors");
    }
    if (spm_rpc_header_has_fds(header)) {
        guint32 count;

        if (!fill_head(parser, SPM_RPC_HEADER_SIZE + 4))
            return SPM_RPC_EVENT_NONE;
        memcpy(&count, parser->head + SPM_RPC_HEADER_SIZE, sizeof count);
        count = GUINT32_FROM_BE(count);
        if (count > SPM_RPC_FDS_MAX)
            return broken(parser, "more file descriptors than a message may have");
        parser->fds_left = count;
    }
    parser->body_left = (guint64)header->length - parser->head_size;
    parser->state = STATE_BODY;
    return SPM_RPC_EVENT_HEADER;
}

/* And what lies behind it, if it lies in the input. */
static void
show_head(SpmRpcParser *parser)
{
    gsize more = parser->head_in_input ? take(parser, parser->body_left) : 0;

    parser->body_left -= more;
    parser->piece = parser->head_in_input ? parser->head_in_input : parser->head;
    parser->piece_size = parser->head_size + more;
}

static SpmRpcEvent
next_body(SpmRpcParser *parser)
{
    if (!parser->announced) {
        parser->announced = TRUE;
        if (!parser->collect) {
            show_head(parser);
            return SPM_RPC_EVENT_BYTES;
        }
    }
    if (parser->body_left > 0) {
        gsize size = take(parser, parser->body_left);

        if (size == 0)
            return SPM_RPC_EVENT_NONE;
        parser->body_left -= size;
        if (!parser->collect)
            return SPM_RPC_EVENT_BYTES;
        g_byte_array_append(parser->collect->bytes, parser->piece, size);
        if (parser->body_left > 0)
            return SPM_RPC_EVENT_NONE;
    }
    parser->state = STATE_FDS;
    return spm_rpc_parser_next(parser);
}

static SpmRpcEvent
next_fd(SpmRpcParser *parser)
{
    SpmRpcFrame *collect = parser->collect;

    while (parser->fds_left > 0) {
        int fd;

        if (take(parser, 1) == 0)
            return SPM_RPC_EVENT_NONE;
        if (parser->n_fds == 0)
            return broken(parser, "a file descriptor is missing");
        fd = parser->fds[0];
        parser->n_fds--;
        memmove(parser->fds, parser->fds + 1, parser->n_fds * sizeof parser->fds[0]);
        parser->fds_left--;
        if (!collect) {
            parser->fd = fd;
            return SPM_RPC_EVENT_FD;
        }
        collect->fds[collect->n_fds++] = fd;
    }
    parser->state = STATE_HEADER;
    parser->head_size = 0;
    parser->announced = FALSE;
    return collect ? SPM_RPC_EVENT_FRAME : SPM_RPC_EVENT_END;
}

SpmRpcEvent
spm_rpc_parser_next(SpmRpcParser *parser)
{
    SpmRpcEvent event;

    /* A descriptor or a message that was not taken is not kept. */
    if (parser->fd >= 0) {
        close(parser->fd);
        parser->fd = -1;
    }
    if (parser->state == STATE_HEADER)
        g_clear_pointer(&parser->collect, spm_rpc_frame_free);

    switch (parser->state) {
    case STATE_HEADER:
        event = next_header(parser);
        break;
    case STATE_BODY:
        event = next_body(parser);
        break;
    case STATE_FDS:
        event = next_fd(parser);
        break;
    case STATE_BROKEN:
    default:
        return SPM_RPC_EVENT_MALFORMED;
    }
    /* The input is used up: what is queued belongs to the message under way,
     * or to none. */
    if (event == SPM_RPC_EVENT_NONE &&
        (parser->state == STATE_HEADER
             ? parser->head_size < SPM_RPC_HEADER_SIZE || !spm_rpc_header_has_fds(&parser->header)
             : parser->fds_left == 0))
        close_fds(parser);
    return event;
}

const SpmRpcHeader *
spm_rpc_parser_header(const SpmRpcParser *parser)
{
    return &parser->header;
}

gboolean
spm_rpc_parser_expects_fds(const SpmRpcParser *parser)
{
    return parser->fds_left > 0;
}

void
spm_rpc_parser_collect(SpmRpcParser *parser)
{
    g_return_if_fail(parser->state == STATE_BODY && !parser->announced && !parser->collect);

    parser->collect = g_new0(SpmRpcFrame, 1);
    parser->collect->header = parser->header;
    /* Room for what is here already, mostly all of it; what a peer only announces
     * takes nothing yet. */
    parser->collect->bytes = g_byte_array_sized_new(
        parser->head_size + (guint)MIN(parser->body_left, parser->end - parser->start));
    g_byte_array_append(parser->collect->bytes, parser->head, parser->head_size);
}

const guint8 *
spm_rpc_parser_bytes(const SpmRpcParser *parser, gsize *size)
{
    *size = parser->piece_size;
    return parser->piece;
}

gboolean
spm_rpc_parser_bytes_stay(const SpmRpcParser *parser)
{
    return parser->piece != parser->head;
}

int
spm_rpc_parser_take_fd(SpmRpcParser *parser)
{
    int fd = parser->fd;

    parser->fd = -1;
    return fd;
}

SpmRpcFrame *
spm_rpc_parser_take_frame(SpmRpcParser *parser)
{
    return parser->state == STATE_HEADER ? g_steal_pointer(&parser->collect) : NULL;
}

const char *
spm_rpc_parser_reason(const SpmRpcParser *parser)
{
    return parser->reason;
}
