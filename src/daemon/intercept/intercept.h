/*
 * intercept.h: what is done to the calls and replies in the table
 *
 * A call is checked first, then the domain XML in it is translated. There is one
 * dispatcher for each direction, and one file for each kind of handler:
 *
 *     intercept_identity.c  who the client is
 *     intercept_lower.c     the domain XML in a call
 *     intercept_validate.c  the same against our grammar (--validate)
 *     intercept_place.c     where SPM cells go on this host
 *     intercept_raise.c     domain XML and capabilities on their way to the client
 *     intercept_start.c     can the emulator still do it, and has the host room?
 *     intercept_memory.c    would the contents of memory be lost?
 *     intercept_restore.c   would a guest come back without them?
 *     intercept_balloon.c   does a new size of memory mean what its user thinks?
 *     intercept_device.c    is it an SPM cell's memory device?
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/intercept/call.h"
#include "util/spm_xml.h"

G_BEGIN_DECLS

/* Must calls of this procedure be held until spm_intercept_call()? */
gboolean spm_intercept_wants_call(const SpmRpcProcedure *procedure);
/* Is anything to be done to this reply? Most documents have nothing of ours in them,
 * and pass as if they had not been looked at. */
gboolean spm_intercept_wants_reply(const SpmRpcProcedure *procedure, const SpmRpcFrame *reply);

/* Each ends by forwarding or failing the call, now or later. */
void spm_intercept_call(SpmCall *call);
void spm_intercept_reply(SpmCall *call);

/* ---- handlers ---- */

void spm_intercept_open_reply(SpmCall *call);
void spm_intercept_identity(SpmCall *call);
void spm_intercept_raise(SpmCall *call);
void spm_intercept_capabilities(SpmCall *call);
void spm_intercept_host(SpmCall *call);
void spm_intercept_begin_reply(SpmCall *call);
void spm_intercept_start(SpmCall *call);
void spm_intercept_save(SpmCall *call);
void spm_intercept_migrate(SpmCall *call);
void spm_intercept_snapshot(SpmCall *call);
void spm_intercept_restore(SpmCall *call);
void spm_intercept_revert(SpmCall *call);
void spm_intercept_balloon(SpmCall *call);
void spm_intercept_attach(SpmCall *call);
void spm_intercept_detach(SpmCall *call);
void spm_intercept_update(SpmCall *call);
void spm_intercept_detach_alias(SpmCall *call);

/* ---- what several handlers need ---- */

/* A check is done, and has nothing against the call: translate the domain XML in
 * it that asks for SPM, and forward it. */
void spm_intercept_translate(SpmCall *call);

/* What would happen to memory that its emulator does not migrate, in words: "cannot
 * DOING domain 'x': the contents of its sp-mem memory FATE: ...; INSTEAD". */
typedef struct {
    const char *doing;
    const char *fate;
    const char *instead;
} SpmMemoryDeed;

/* Does this stock XML hold sp-mem memory, and does its emulator not migrate it? Then,
 * or when that cannot be found out, the call fails; otherwise @allowed follows.
 * What was the call's state is gone then. */
typedef void (*SpmCallAllowedFunc)(SpmCall *call);
void spm_intercept_memory(SpmCall *call, const SpmMemoryDeed *deed, const char *xml, gsize length,
                          SpmCallAllowedFunc allowed);

/* Does this <domainsnapshot> say that it is without memory? */
gboolean spm_intercept_leaves_memory_out(const xmlNode *snapshot);

/* The rest of a start: nothing is against what libvirtd would restore. */
void spm_intercept_start_definition(SpmCall *call);

/* Check the domain at hand (call->documents) against our grammar: @valid follows,
 * or the call fails. */
typedef void (*SpmCallValidFunc)(SpmCall *call);
void spm_intercept_validate(SpmCall *call, SpmCallValidFunc valid);

/* Decide where its SPM cells go: @placed follows, or the call fails. */
void spm_intercept_place(SpmCall *call, SpmCallPlacedFunc placed);

/* The name in a domain's XML, or "?". Caller frees. */
char *spm_intercept_domain_name(const char *xml, gsize length);

G_END_DECLS
