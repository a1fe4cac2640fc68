/*
 * session_wire.h: the client's or libvirtd's end of a conversation
 *
 * Sends without ever waiting, reads all there is, and cuts both streams into
 * messages by itself, so that it does not share the daemon's mistakes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fuzz.h"
#include "rpc/rpc_frame.h"
#include "session_message.h"

/* A stream that is cut into messages. */
typedef struct {
    GByteArray *bytes;   /* of the message under way */
    GArray *inodes;      /* guint64: what its descriptors are */
    gboolean malformed;  /* not this protocol from here on */
    gboolean irregular;  /* descriptors came that were not due, or did not */
} Cut;

typedef struct {
    SpmRpcHeader header;
    GByteArray *bytes;
    GArray *inodes;
} Whole;

void whole_free(Whole *whole);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Whole, whole_free)

typedef struct _Wire Wire;

/* Called with each message that is complete; takes @whole. */
typedef void (*WireFunc)(Whole *whole, gpointer user_data);

/* Takes neither @fd nor the user data. */
Wire *wire_new(int fd, WireFunc sent, WireFunc received, gpointer user_data);
void wire_free(Wire *wire);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wire, wire_free)

/* As much as the socket takes of the message from byte @from on, up to @size
 * bytes, and the descriptors if that was all. */
void wire_send(Wire *wire, const Message *message, gsize from, gsize size);
/* What is missing of the message under way becomes zeros. FALSE: that is too much. */
gboolean wire_complete(Wire *wire);
/* TRUE when anything came. */
gboolean wire_receive(Wire *wire);

/* The descriptor is not to be used any more. */
void wire_end(Wire *wire);

/* Is a message half sent? */
gboolean wire_is_torn(const Wire *wire);
gboolean wire_is_malformed(const Wire *wire);
gboolean wire_is_irregular(const Wire *wire);
/* The other end has closed. */
gboolean wire_is_over(const Wire *wire);
/* The bytes sent and received so far. */
guint64 wire_sent(const Wire *wire);
guint64 wire_received(const Wire *wire);
