/*
 * sockets.h: the sockets that clients come in through, and what each allows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/terms.h"
#include "daemon/config.h"
#include "daemon/listener.h"

G_BEGIN_DECLS

typedef struct {
    SpmListener *listener;
    SpmAccess access;
} SpmSocket;

/* Names of descriptors that the service manager hands over: those of the units,
 * unless a unit says FileDescriptorName=. */
#define SPM_SOCKETS_NAME "virtspmd.socket"
#define SPM_SOCKETS_NAME_RO "virtspmd-ro.socket"

/* Those in @handed_over (of SpmSdSocket, see sd.h; their descriptors are taken),
 * or, without any, those that the configuration names. A socket handed over is
 * known by its name or its path; what it allows is never guessed: one that
 * neither tells is an error (SPM_ERROR_SYSTEM), and so are two that contradict. */
GPtrArray *spm_sockets_open(const SpmConfig *config, GArray *handed_over, GError **error);

G_END_DECLS
