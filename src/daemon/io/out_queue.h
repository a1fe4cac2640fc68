/*
 * out_queue.h: messages and descriptors on their way into a socket
 *
 * Messages enter whole or in pieces. While one is under way in pieces, whole
 * ones wait behind it, so that the two never mix on the wire.
 *
 * The queue itself takes everything. Who reads to fill it asks spm_out_queue_is_full()
 * first, or spm_out_queue_takes_pieces() in the middle of a message, and does not read
 * meanwhile; that is what keeps memory bounded. What has been held back, within bounds of
 * its own (terms.h), may come on top.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/io/transport.h"
#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

/* From here on nothing more should be read for it. Protects memory from a peer that
 * does not read; large enough to keep a socket busy between two wake-ups. At most one
 * message that is being read (SPM_RPC_FRAME_MAX) comes on top. */
#define SPM_OUT_QUEUE_BYTES_MAX (1024 * 1024)

/* The same for descriptors: a message of 32 bytes may carry as many of them. */
#define SPM_OUT_QUEUE_FDS_MAX SPM_RPC_FDS_MAX

typedef struct _SpmOutQueue SpmOutQueue;

SpmOutQueue *spm_out_queue_new(void);
/* Closes the descriptors in it. */
void spm_out_queue_free(SpmOutQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmOutQueue, spm_out_queue_free)

/* A whole message; takes @frame. */
void spm_out_queue_add_frame(SpmOutQueue *queue, SpmRpcFrame *frame);

/* A message in pieces: bytes, then descriptors (taken), then its end. */
void spm_out_queue_add_bytes(SpmOutQueue *queue, const guint8 *bytes, gsize size);
/* The same without a copy: @bytes are the caller's until spm_out_queue_return().
 * Bytes that lie behind those lent before are written with them. */
void spm_out_queue_lend_bytes(SpmOutQueue *queue, const guint8 *bytes, gsize size);
void spm_out_queue_add_fd(SpmOutQueue *queue, int fd);
void spm_out_queue_end(SpmOutQueue *queue);

/* Whatever is lent is given back; what could not be written is copied. */
void spm_out_queue_return(SpmOutQueue *queue);
gboolean spm_out_queue_has_loan(const SpmOutQueue *queue);

/* Counts all that is in the queue. */
gboolean spm_out_queue_is_full(const SpmOutQueue *queue);
/* May more of the message in pieces enter? Also when the queue is full of what waits
 * behind it, which can only leave after it. */
gboolean spm_out_queue_takes_pieces(const SpmOutQueue *queue);
/* Nothing left to write; what waits behind an unfinished message does not count. */
gboolean spm_out_queue_is_empty(const SpmOutQueue *queue);

/* Write as much as @transport takes without waiting. FALSE when it takes nothing
 * any more, or not what comes next: descriptors do not travel everywhere. */
gboolean spm_out_queue_flush(SpmOutQueue *queue, SpmTransport *transport);

/* Throw everything away. */
void spm_out_queue_clear(SpmOutQueue *queue);

G_END_DECLS
