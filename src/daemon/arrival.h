/*
 * arrival.h: a client that has been accepted, until it is known and has its libvirtd
 *
 * Both asking for names and connecting to libvirtd may take their time, so a worker
 * thread does it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/peer.h"
#include "daemon/access/terms.h"
#include "daemon/io/transport.h"

G_BEGIN_DECLS

typedef struct _SpmArrival SpmArrival;

/* It is all there; or @error, which the function takes, says what is not, and there may
 * be no peer. Called by the thread that made it. */
typedef void (*SpmArrivedFunc)(SpmArrival *arrival, GError *error, gpointer user_data);

/* Takes @client, and @peer, which is known already of a TLS client and NULL of others.
 * @paths are libvirtd's sockets, @session: of a user's own one (upstream.h). */
SpmArrival *spm_arrival_new(SpmTransport *client, SpmPeer *peer, const SpmTerms *terms,
                            const char *const *paths, gboolean session, SpmArrivedFunc func,
                            gpointer user_data);
/* The client is closed, unless it was taken. Before its time: the function is not called
 * any more. */
void spm_arrival_free(SpmArrival *arrival);

/* For the function. What is taken belongs to the caller. */
const SpmTerms *spm_arrival_terms(const SpmArrival *arrival);
const SpmPeer *spm_arrival_peer(const SpmArrival *arrival);
SpmTransport *spm_arrival_take_client(SpmArrival *arrival);
SpmTransport *spm_arrival_take_upstream(SpmArrival *arrival);
SpmPeer *spm_arrival_take_peer(SpmArrival *arrival);

G_END_DECLS
