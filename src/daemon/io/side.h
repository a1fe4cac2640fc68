/*
 * side.h: one socket of a session, towards the client or towards libvirtd
 *
 * Both sides do their input and output here, in the same way. A side reads its
 * socket, cuts what comes into messages, and relays each to the other side,
 * unless its owner wants to have it. What a side is for, only its owner knows.
 *
 * Back-pressure: a side stops reading while the other side's queue is full; a message
 * that is half relayed goes on as soon as the rest of that queue has been written.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/io/out_queue.h"
#include "rpc/rpc_parser.h"

G_BEGIN_DECLS

typedef struct _SpmSide SpmSide;

typedef struct {
    /* May the next message be taken from the side? Not asked while one is half relayed,
     * which must be finished, for others wait behind it. */
    gboolean (*may_begin)(SpmSide *side, gpointer owner);
    /* Does the owner want this message whole, instead of having it relayed? */
    gboolean (*wants)(SpmSide *side, const SpmRpcHeader *header, gpointer owner);
    /* Here it is; takes @frame. */
    void (*message)(SpmSide *side, SpmRpcFrame *frame, gpointer owner);
    /* Something happened on the socket: the owner calls spm_side_pump() on the
     * sides that may go on, and spm_side_settle() on all. */
    void (*wake)(SpmSide *side, gpointer owner);
} SpmSideFuncs;

/* Takes @transport. @owner must outlive the side. */
SpmSide *spm_side_new(SpmTransport *transport, const SpmSideFuncs *funcs, gpointer owner);
void spm_side_free(SpmSide *side);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmSide, spm_side_free)

/* Where messages are relayed to. Without it they are read and dropped. */
void spm_side_set_other(SpmSide *side, SpmSide *other);

/* Takes @frame. */
void spm_side_send(SpmSide *side, SpmRpcFrame *frame);

/* Deal with what was read, until there is nothing more or it has to wait.
 * TRUE when the owner was given a message, and with it a reason to let the other side go
 * on. What else may_begin() depends on, the owner looks after itself: when that changes, it
 * pumps again. */
gboolean spm_side_pump(SpmSide *side);

/* Write what can be written. TRUE when the queue was full and takes something again, so
 * that the other side may go on. */
gboolean spm_side_flush(SpmSide *side);
/* Wait for what can happen next. */
void spm_side_settle(SpmSide *side, gboolean reading);

/* Too much waits to be written: nothing more should be sent (out_queue.h). */
gboolean spm_side_is_full(const SpmSide *side);

/* No more input will come: the peer has closed, or sent what is not the
 * protocol. *reason says which. */
gboolean spm_side_is_over(const SpmSide *side, const char **reason);
/* The peer has gone. Some of its input may be left, which is read as far as it may be. */
gboolean spm_side_has_hung_up(const SpmSide *side);
/* The peer takes no more output. */
gboolean spm_side_is_broken(const SpmSide *side);
/* Everything for the peer has been written. */
gboolean spm_side_is_drained(const SpmSide *side);

G_END_DECLS
