/*
 * session_message.h: messages as a script spells them
 *
 * Mostly well-formed ones of the procedures in the table, with arguments as their
 * signatures say and documents that get far; sometimes anything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fuzz.h"
#include "rpc/rpc_frame.h"

/* A message, or what somebody passes off as one. */
typedef struct {
    SpmRpcHeader header; /* its length is that of the bytes */
    GByteArray *bytes;
    guint n_fds; /* to be sent behind it */
} Message;

void message_free(Message *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)

/* Any message. @next_serial is the serial the sender counts; *regular is FALSE when
 * descriptors come along that are not due, or do not when they are, or the length
 * is wrong. */
Message *message_read(Script *script, guint32 default_type, guint32 *next_serial);

/* A reply to the call with this header. */
Message *message_read_reply(Script *script, const SpmRpcHeader *call);

/* A plain one. */
Message *message_new(guint32 procedure, guint32 type, guint32 serial, guint32 status,
                     const GByteArray *payload);
