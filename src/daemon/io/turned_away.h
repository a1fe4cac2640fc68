/*
 * turned_away.h: a client that cannot be served, and is told why
 *
 * Without libvirtd there is nobody to relay to. A closed connection would say
 * nothing; so the client gets a libvirt error as the answer to its calls, until
 * it leaves, or some seconds have passed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/io/transport.h"

G_BEGIN_DECLS

/* How long. libvirt's clients leave at once. */
#define SPM_TURNED_AWAY_SECONDS 5

typedef struct _SpmTurnedAway SpmTurnedAway;
typedef void (*SpmTurnedAwayFunc)(SpmTurnedAway *client, gpointer user_data);

/* Takes @transport and @error. @left is called once, when it is over. */
SpmTurnedAway *spm_turned_away_new(SpmTransport *transport, GError *error,
                                   SpmTurnedAwayFunc left, gpointer user_data);
void spm_turned_away_free(SpmTurnedAway *client);

G_END_DECLS
