/*
 * session_oracle.h: what may arrive in a conversation, and what must
 *
 * Told of every message that client and libvirtd have sent, and asked about each
 * that one of them gets. It knows the table of procedures and nothing else of
 * the daemon:
 *
 *   - What is no call, or a call outside the table, reaches libvirtd unchanged and
 *     in order; what is no reply in the table reaches the client that way.
 *   - A document may be translated only if it says something of ours.
 *   - libvirtd gets nothing else but virtspmd's own calls, with serials of their
 *     own range that the client does not use at the time.
 *   - The answers to those never reach the client. All else that the client gets
 *     is an error for a call of its own that libvirtd has not got.
 *   - In the end every call has been passed on or answered.
 *
 * Where an input makes it impossible to tell whose a message is, the oracle says so
 * (oracle_is_late) and looks away.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "session_wire.h"

typedef struct _Oracle Oracle;

Oracle *oracle_new(void);
void oracle_free(Oracle *oracle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Oracle, oracle_free)

/* Each takes @whole. */
void oracle_client_sent(Oracle *oracle, Whole *whole);
void oracle_libvirtd_got(Oracle *oracle, Whole *whole);
void oracle_libvirtd_sent(Oracle *oracle, Whole *whole);
void oracle_client_got(Oracle *oracle, Whole *whole);

/* From here on the order in which things happen is not known. */
void oracle_lose_track(Oracle *oracle);
/* Descriptors and bytes are mixed up in what the client, libvirtd sends. */
void oracle_distrust_client(Oracle *oracle);
void oracle_distrust_libvirtd(Oracle *oracle);

/* The header of call @index that waits for libvirtd's answer, the client's own and
 * virtspmd's; NULL behind the last. */
const SpmRpcHeader *oracle_unanswered(const Oracle *oracle, guint index);
guint oracle_count_unanswered(const Oracle *oracle);

/* The connection could not be opened, as it seems: the session has a reason to end. */
gboolean oracle_may_end(const Oracle *oracle);

/* Everybody has said all there was to say, and nobody has gone: nothing is left. */
void oracle_check_complete(const Oracle *oracle);
