/*
 * side.c: one socket of a session, towards the client or towards libvirtd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/side.h"

#include "daemon/io/poller.h"

#include <errno.h>

struct _SpmSide {
    SpmTransport *transport;
    const SpmSideFuncs *funcs;
    gpointer owner;
    SpmSide *other;

    SpmRpcParser *parser;
    SpmOutQueue *out;

    SpmWatch *watch;

    gboolean starved;   /* all input has been dealt with: the socket may be read */
    gboolean in_pieces; /* a message is half relayed */
    gboolean hung_up;   /* the peer is gone, though there may be input left */
    gboolean over;
    gboolean broken;
    const char *reason;
};

static void
over(SpmSide *side, const char *reason)
{
    if (!side->over)
        side->reason = reason;
    side->over = TRUE;
}

/* Read once. FALSE when there was nothing to be had. */
static gboolean
read_some(SpmSide *side)
{
    int fds[SPM_TRANSPORT_FDS_MAX];
    guint n_fds = 0;
    gboolean lost = FALSE;
    gsize room;
    guint8 *to = spm_rpc_parser_room(side->parser, &room);
    gssize size;

    if (room == 0 || side->over)
        return FALSE;
    size = side->transport->funcs->read(side->transport, to, room, fds, &n_fds, &lost);
    if (size < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            over(side, spm_transport_reason(side->transport));
        return FALSE;
    }
    if (size == 0) {
        over(side, "end of file");
        return FALSE;
    }
    spm_rpc_parser_filled(side->parser, size, fds, n_fds);
    if (lost) {
        over(side, "a file descriptor got lost: too many are open");
        return FALSE;
    }
    side->starved = FALSE;
    return TRUE;
}

static void
ready(GIOCondition condition, gpointer data)
{
    SpmSide *side = data;

    if (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL))
        side->hung_up = TRUE;
    if ((condition & (G_IO_HUP | G_IO_ERR | spm_transport_reading_needs(side->transport))) &&
        side->starved)
        read_some(side);
    side->funcs->wake(side, side->owner);
}

SpmSide *
spm_side_new(SpmTransport *transport, const SpmSideFuncs *funcs, gpointer owner)
{
    SpmSide *side = g_new0(SpmSide, 1);

    side->transport = transport;
    side->funcs = funcs;
    side->owner = owner;
    side->parser = spm_rpc_parser_new();
    side->out = spm_out_queue_new();
    side->starved = TRUE;
    side->watch = spm_watch_new(transport->fd, ready, side);
    return side;
}

void
spm_side_free(SpmSide *side)
{
    if (!side)
        return;
    spm_watch_free(side->watch);
    spm_out_queue_free(side->out);
    spm_rpc_parser_free(side->parser);
    spm_transport_free(side->transport);
    g_free(side);
}

void
spm_side_set_other(SpmSide *side, SpmSide *other)
{
    side->other = other;
}

void
spm_side_send(SpmSide *side, SpmRpcFrame *frame)
{
    if (side->broken)
        spm_rpc_frame_free(frame);
    else
        spm_out_queue_add_frame(side->out, frame);
}

/* Bytes of a message that is relayed: lent if they stay where they are. */
static void
relay_bytes(const SpmRpcParser *parser, SpmOutQueue *out)
{
    gsize size;
    const guint8 *bytes = spm_rpc_parser_bytes(parser, &size);

    if (spm_rpc_parser_bytes_stay(parser))
        spm_out_queue_lend_bytes(out, bytes, size);
    else
        spm_out_queue_add_bytes(out, bytes, size);
}

/* Deal with a message, or with as much of one as has been read; and if nothing follows,
 * with that as well. TRUE when the owner was given the message. */
static gboolean
take_message(SpmSide *side)
{
    SpmOutQueue *out = side->other && !side->other->broken ? side->other->out : NULL;
    SpmRpcParser *parser = side->parser;
    gboolean given = FALSE;
    SpmRpcEvent event;
    int fd;

    do {
        event = spm_rpc_parser_next(parser);
        switch (event) {
        case SPM_RPC_EVENT_HEADER:
            if (spm_rpc_parser_expects_fds(parser) && !side->transport->funcs->carries_fds) {
                over(side, "file descriptors, which do not travel over TLS"); /* as libvirtd does */
                return given;
            }
            if (side->funcs->wants(side, spm_rpc_parser_header(parser), side->owner))
                spm_rpc_parser_collect(parser);
            else
                side->in_pieces = TRUE;
            break;
        case SPM_RPC_EVENT_BYTES:
            if (out)
                relay_bytes(parser, out);
            break;
        case SPM_RPC_EVENT_FD:
            if (out && (fd = spm_rpc_parser_take_fd(parser)) >= 0)
                spm_out_queue_add_fd(out, fd);
            break;
        case SPM_RPC_EVENT_END:
            side->in_pieces = FALSE;
            if (out)
                spm_out_queue_end(out);
            break;
        case SPM_RPC_EVENT_FRAME:
            side->funcs->message(side, spm_rpc_parser_take_frame(parser), side->owner);
            given = TRUE;
            break;
        case SPM_RPC_EVENT_MALFORMED:
            over(side, spm_rpc_parser_reason(parser));
            return given;
        case SPM_RPC_EVENT_NONE:
        default:
            side->starved = TRUE;
            return given;
        }
    } while ((event != SPM_RPC_EVENT_END && event != SPM_RPC_EVENT_FRAME) ||
             !spm_rpc_parser_has_input(parser));
    return given;
}

static gboolean
may_go_on(SpmSide *side)
{
    const SpmOutQueue *out = side->other ? side->other->out : NULL;

    if (side->in_pieces)
        return !out || spm_out_queue_takes_pieces(out);
    return !(out && spm_out_queue_is_full(out)) && side->funcs->may_begin(side, side->owner);
}

gboolean
spm_side_flush(SpmSide *side)
{
    gboolean was_full;

    if (side->broken || spm_out_queue_is_empty(side->out))
        return FALSE;
    was_full = spm_out_queue_is_full(side->out);
    if (!spm_out_queue_flush(side->out, side->transport)) {
        side->broken = TRUE;
        spm_out_queue_clear(side->out);
    }
    return was_full && spm_out_queue_takes_pieces(side->out);
}

/* The input dealt with so far has served: it was lent to the other side, which
 * writes it now, straight from where it was read to, as a rule all of it. TRUE when
 * that made room for more. */
static gboolean
hand_over(SpmSide *side)
{
    SpmSide *other = side->other;
    gboolean has_room = FALSE;

    if (other && spm_out_queue_has_loan(other->out)) {
        has_room = spm_side_flush(other);
        spm_out_queue_return(other->out);
    }
    spm_rpc_parser_rest(side->parser);
    return has_room;
}

/* May a message be taken, and is there something to take one from? Asked for each
 * message; what costs least comes first. */
static gboolean
has_message(SpmSide *side)
{
    if (side->over)
        return FALSE;
    if (side->starved && !side->hung_up && !spm_transport_has_pending(side->transport))
        return FALSE;
    if (!may_go_on(side))
        return FALSE;
    if (!side->starved)
        return TRUE;
    /* Who has hung up is not waited for; what it left is read now, as is what has
     * been read from the socket already. */
    hand_over(side);
    return read_some(side);
}

gboolean
spm_side_pump(SpmSide *side)
{
    gboolean given = FALSE;

    do {
        while (has_message(side))
            given |= take_message(side);
    } while (hand_over(side));
    return given;
}

void
spm_side_settle(SpmSide *side, gboolean reading)
{
    GIOCondition wanted = 0;

    /* A socket whose peer has gone is always ready; it is not watched any more,
     * or the daemon would spin. */
    if (side->hung_up) {
        spm_watch_pause(side->watch);
        return;
    }
    if (reading && side->starved && !side->over && may_go_on(side))
        wanted |= spm_transport_reading_needs(side->transport);
    if (!side->broken && !spm_out_queue_is_empty(side->out))
        wanted |= G_IO_OUT;
    spm_watch_set(side->watch, wanted);
}

gboolean
spm_side_is_full(const SpmSide *side)
{
    return spm_out_queue_is_full(side->out);
}

gboolean
spm_side_is_over(const SpmSide *side, const char **reason)
{
    *reason = side->reason;
    return side->over;
}

gboolean
spm_side_has_hung_up(const SpmSide *side)
{
    return side->hung_up;
}

gboolean
spm_side_is_broken(const SpmSide *side)
{
    return side->broken;
}

gboolean
spm_side_is_drained(const SpmSide *side)
{
    return side->broken || spm_out_queue_is_empty(side->out);
}
