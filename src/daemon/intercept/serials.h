/*
 * serials.h: which replies on libvirtd's side belong to calls of our own
 *
 * virtspmd's calls travel on the client's connection, between the client's own.
 * Replies are told apart by procedure and serial. Clients count their serials
 * up from 0 (libvirt's do), ours come from the top of the range; but a client is
 * free to use any, so what it has under way up there is known here, and
 * the same serial is never used by both for the same procedure.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

/* The first of our serials. */
#define SPM_SERIALS_FIRST 0xf0000000u

typedef struct _SpmSerials SpmSerials;

SpmSerials *spm_serials_new(void);
void spm_serials_free(SpmSerials *serials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmSerials, spm_serials_free)

/* A serial for a call of ours; @owner (not NULL) is found again by it. */
guint32 spm_serials_take(SpmSerials *serials, guint32 procedure, gpointer owner);

/* Is there a call of ours with this message's procedure and serial? */
gboolean spm_serials_is_ours(const SpmSerials *serials, const SpmRpcHeader *header);

/* The call that this reply answers is over: its owner. NULL if it is not ours. */
gpointer spm_serials_answered(SpmSerials *serials, const SpmRpcHeader *header);

/* A call and a reply of the client's own pass. */
void spm_serials_client_call(SpmSerials *serials, const SpmRpcHeader *header);
void spm_serials_client_reply(SpmSerials *serials, const SpmRpcHeader *header);

G_END_DECLS
