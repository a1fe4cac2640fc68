/*
 * promises.h: what the domains take that libvirtd is starting for one client
 *
 * From the moment a start is sent on until libvirtd answers it, the placer
 * keeps what the domain takes from others (placer.h). Here is which call holds
 * which promise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/intercept/placer.h"
#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

typedef struct _SpmPromises SpmPromises;

/* @placer must outlive it; NULL where placement is off. */
SpmPromises *spm_promises_new(SpmPlacer *placer);
/* The client has gone, and libvirtd's answers will not be seen: releases all. */
void spm_promises_free(SpmPromises *promises);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPromises, spm_promises_free)

/* The call with this header holds @promise (0: nothing). */
void spm_promises_keep(SpmPromises *promises, const SpmRpcHeader *header, guint64 promise);

/* libvirtd has answered a call: what the domain takes it has taken, or never will. */
void spm_promises_answered(SpmPromises *promises, const SpmRpcHeader *header);

G_END_DECLS
