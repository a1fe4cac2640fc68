/*
 * flow.h: messages of any size for tests of how they flow
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conversation.h"

/* A message to relay, of @size bytes in all, with a body that is not all the same; caller
 * frees. */
GByteArray *flow_message(guint32 type, guint32 procedure, gsize size);

/* Send as much as goes while virtspmd works; how much that was. */
gsize flow_send_some(Conversation *conversation, int fd, const guint8 *bytes, gsize size);

void flow_receive_equal(int fd, const guint8 *expected, gsize size);
