/*
 * turned_away.c: a client that cannot be served, and is told why
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/turned_away.h"

#include "daemon/io/side.h"
#include "rpc/rpc_error.h"

struct _SpmTurnedAway {
    SpmSide *side;
    GError *error;
    SpmTurnedAwayFunc left;
    gpointer user_data;
    GSource *patience;
};

/* The next call is only read when the answer to the last has been written. */
static gboolean
may_begin(SpmSide *side, gpointer owner)
{
    return spm_side_is_drained(side);
}

/* The header of a call is all there is to answer; the rest of it is dropped as
 * it comes, because the side has no other. */
static gboolean
wants(SpmSide *side, const SpmRpcHeader *header, gpointer owner)
{
    SpmTurnedAway *client = owner;

    if (spm_rpc_header_is_call(header))
        spm_side_send(side, spm_rpc_error_reply(header, client->error, SPM_RPC_FROM_RPC));
    return FALSE;
}

static void
message(SpmSide *side, SpmRpcFrame *frame, gpointer owner)
{
    spm_rpc_frame_free(frame);
}

static void
settle(SpmTurnedAway *client)
{
    const char *reason;
    gboolean answered;

    do {
        spm_side_pump(client->side);
        answered = !spm_side_is_drained(client->side);
        spm_side_flush(client->side);
    } while (answered && spm_side_is_drained(client->side));
    if (spm_side_is_over(client->side, &reason) || spm_side_is_broken(client->side))
        client->left(client, client->user_data);
    else
        spm_side_settle(client->side, TRUE);
}

static void
wake(SpmSide *side, gpointer owner)
{
    settle(owner);
}

static gboolean
out_of_patience(gpointer data)
{
    SpmTurnedAway *client = data;

    client->left(client, client->user_data);
    return G_SOURCE_REMOVE;
}

SpmTurnedAway *
spm_turned_away_new(SpmTransport *transport, GError *error, SpmTurnedAwayFunc left,
                    gpointer user_data)
{
    static const SpmSideFuncs funcs = { may_begin, wants, message, wake };
    SpmTurnedAway *client = g_new0(SpmTurnedAway, 1);

    client->error = error;
    client->left = left;
    client->user_data = user_data;
    client->side = spm_side_new(transport, &funcs, client);
    client->patience = g_timeout_source_new_seconds(SPM_TURNED_AWAY_SECONDS);
    g_source_set_callback(client->patience, out_of_patience, client, NULL);
    g_source_attach(client->patience, g_main_context_get_thread_default());
    spm_side_settle(client->side, TRUE);
    return client;
}

void
spm_turned_away_free(SpmTurnedAway *client)
{
    if (!client)
        return;
    g_source_destroy(client->patience);
    g_source_unref(client->patience);
    spm_side_free(client->side);
    g_error_free(client->error);
    g_free(client);
}
