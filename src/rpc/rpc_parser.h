/*
 * rpc_parser.h: from a byte stream with file descriptors to messages
 *
 * Incremental, and driven by its user: read into the room it offers, say how
 * much came, then take events until there are none. A user that is not ready
 * simply stops taking events; nothing is lost and nothing more is read.
 *
 * Each message is either collected as a whole, or handed on in pieces as they
 * arrive, so that a relay neither waits for nor stores what it need not see.
 * The buffer of a collected message grows with the bytes that have come, not
 * with the length the peer claims.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

/* Bytes read at once. The biggest pieces libvirt sends are stream packets of
 * 262,148 bytes. */
#define SPM_RPC_INPUT_SIZE (256 * 1024)

typedef struct _SpmRpcParser SpmRpcParser;

typedef enum {
    SPM_RPC_EVENT_NONE,      /* all input is used up */
    SPM_RPC_EVENT_HEADER,    /* a message begins; spm_rpc_parser_collect() if it is wanted whole */
    SPM_RPC_EVENT_BYTES,     /* a piece of a message, header included */
    SPM_RPC_EVENT_FD,        /* a descriptor that came behind the message */
    SPM_RPC_EVENT_END,       /* the message that came in pieces is complete */
    SPM_RPC_EVENT_FRAME,     /* the collected message is complete */
    SPM_RPC_EVENT_MALFORMED, /* not this protocol; nothing else will ever come */
} SpmRpcEvent;

SpmRpcParser *spm_rpc_parser_new(void);
/* Closes the descriptors nobody took. */
void spm_rpc_parser_free(SpmRpcParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmRpcParser, spm_rpc_parser_free)

/* Where to read to: at most *room bytes, which is 0 while input is left. The
 * parser has a buffer from here on until spm_rpc_parser_rest(). */
guint8 *spm_rpc_parser_room(SpmRpcParser *parser, gsize *room);

/* Nobody needs the pieces given so far any more. Without input left the parser
 * gives its buffer up, so that an idle one has none: the parsers of a thread take
 * the same buffer in turn. */
void spm_rpc_parser_rest(SpmRpcParser *parser);
gboolean spm_rpc_parser_has_buffer(const SpmRpcParser *parser);
/* Is there more to be told of what was read? */
gboolean spm_rpc_parser_has_input(const SpmRpcParser *parser);

/* @size bytes were read into the room, and @n_fds descriptors came with them;
 * takes the descriptors. Spare ones, which belong to no message, are closed, as
 * libvirtd does. */
void spm_rpc_parser_filled(SpmRpcParser *parser, gsize size, const int *fds, guint n_fds);

SpmRpcEvent spm_rpc_parser_next(SpmRpcParser *parser);

/* The message under way. Valid from its EVENT_HEADER until its end. */
const SpmRpcHeader *spm_rpc_parser_header(const SpmRpcParser *parser);

/* After EVENT_HEADER: do descriptors come behind the message? */
gboolean spm_rpc_parser_expects_fds(const SpmRpcParser *parser);

/* After EVENT_HEADER: have the message by EVENT_FRAME, not in pieces. */
void spm_rpc_parser_collect(SpmRpcParser *parser);

/* After EVENT_BYTES: the piece, valid until the next call of the parser. */
const guint8 *spm_rpc_parser_bytes(const SpmRpcParser *parser, gsize *size);
/* TRUE when it stays valid until the next read or spm_rpc_parser_rest(). Pieces
 * that stay lie next to each other as they came. */
gboolean spm_rpc_parser_bytes_stay(const SpmRpcParser *parser);

/* After EVENT_FD: the descriptor; the caller closes it. */
int spm_rpc_parser_take_fd(SpmRpcParser *parser);

/* After EVENT_FRAME: the message; the caller frees it. */
SpmRpcFrame *spm_rpc_parser_take_frame(SpmRpcParser *parser);

/* After EVENT_MALFORMED: why, for the log. */
const char *spm_rpc_parser_reason(const SpmRpcParser *parser);

G_END_DECLS
