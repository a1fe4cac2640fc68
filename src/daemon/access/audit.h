/*
 * audit.h: who was refused what, and why
 *
 * One line in the log for each call and each client that virtspmd refuses, as a
 * warning:
 *
 *     refused DOMAIN_MANAGED_SAVE of domain 'hbm' to user alice (uid 1234), process 4242: ...
 *
 * What libvirtd refuses, libvirtd logs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/peer.h"
#include "daemon/access/terms.h"
#include "daemon/intercept/call.h"

G_BEGIN_DECLS

/* Lines in a second about one client. Protects the trail of the others. */
#define SPM_AUDIT_RATE 20

/* A call that is held. */
void spm_audit_call(const SpmCall *call, const GError *error);
/* A call that is not, of any procedure. */
void spm_audit_message(SpmSession *session, const SpmRpcHeader *header, const GError *error);
/* A client; @peer NULL: nobody knows who it is. */
void spm_audit_client(const SpmPeer *peer, const GError *error);

G_END_DECLS
