/*
 * serials.c: which replies on libvirtd's side belong to calls of our own
 *
 * Memory: of the client's calls only those are noted whose serial is in our
 * range. libvirtd leaves calls unread beyond max_client_requests, and what is
 * unread fills the bounded queue in front of it, so there are never many.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/serials.h"

struct _SpmSerials {
    guint32 next;
    GHashTable *ours;   /* key -> owner */
    GHashTable *theirs; /* key -> how many of them */
};

static gint64
make_key(guint32 procedure, guint32 serial)
{
    return (gint64)((guint64)procedure << 32 | serial);
}

SpmSerials *
spm_serials_new(void)
{
    SpmSerials *serials = g_new0(SpmSerials, 1);

    serials->next = SPM_SERIALS_FIRST;
    serials->ours = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    serials->theirs = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return serials;
}

void
spm_serials_free(SpmSerials *serials)
{
    if (!serials)
        return;
    g_hash_table_unref(serials->ours);
    g_hash_table_unref(serials->theirs);
    g_free(serials);
}

guint32
spm_serials_take(SpmSerials *serials, guint32 procedure, gpointer owner)
{
    guint32 serial;
    gint64 key;

    do {
        serial = serials->next;
        serials->next = serial == G_MAXUINT32 ? SPM_SERIALS_FIRST : serial + 1;
        key = make_key(procedure, serial);
    } while (g_hash_table_contains(serials->ours, &key) ||
             g_hash_table_contains(serials->theirs, &key));

    g_hash_table_insert(serials->ours, g_memdup2(&key, sizeof key), owner);
    return serial;
}

static gboolean
may_be_ours(const SpmRpcHeader *header)
{
    return header->serial >= SPM_SERIALS_FIRST && header->program == SPM_RPC_PROGRAM_REMOTE &&
           header->version == SPM_RPC_VERSION;
}

gboolean
spm_serials_is_ours(const SpmSerials *serials, const SpmRpcHeader *header)
{
    gint64 key = make_key(header->procedure, header->serial);

    return may_be_ours(header) && g_hash_table_contains(serials->ours, &key);
}

gpointer
spm_serials_answered(SpmSerials *serials, const SpmRpcHeader *header)
{
    gint64 key = make_key(header->procedure, header->serial);
    gpointer owner;

    if (!may_be_ours(header))
        return NULL;
    owner = g_hash_table_lookup(serials->ours, &key);
    g_hash_table_remove(serials->ours, &key);
    return owner;
}

void
spm_serials_client_call(SpmSerials *serials, const SpmRpcHeader *header)
{
    gint64 key = make_key(header->procedure, header->serial);
    guint count;

    if (!may_be_ours(header))
        return;
    count = GPOINTER_TO_UINT(g_hash_table_lookup(serials->theirs, &key));
    g_hash_table_insert(serials->theirs, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(count + 1));
}

void
spm_serials_client_reply(SpmSerials *serials, const SpmRpcHeader *header)
{
    gint64 key = make_key(header->procedure, header->serial);
    guint count;

    if (!may_be_ours(header))
        return;
    count = GPOINTER_TO_UINT(g_hash_table_lookup(serials->theirs, &key));
    if (count > 1)
        g_hash_table_insert(serials->theirs, g_memdup2(&key, sizeof key),
                            GUINT_TO_POINTER(count - 1));
    else
        g_hash_table_remove(serials->theirs, &key);
}
