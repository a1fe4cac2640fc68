/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intercept/promises.h"

struct _SpmPromises {
    SpmPlacer *placer;
    GHashTable *held; /* procedure and serial -> promise */
};

SpmPromises *
spm_promises_new(SpmPlacer *placer)
{
    SpmPromises *promises = g_new0(SpmPromises, 1);

    promises->placer = placer;
    promises->held = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return promises;
}

void
spm_promises_free(SpmPromises *promises)
{
    GHashTableIter iter;
    gpointer promise;

    if (!promises)
        return;
    g_hash_table_iter_init(&iter, promises->held);
    while (g_hash_table_iter_next(&iter, NULL, &promise))
        spm_placer_release(promises->placer, *(guint64 *)promise);
    g_hash_table_unref(promises->held);
    g_free(promises);
}

static guint64
key_of(const SpmRpcHeader *header)
{
    return (guint64)header->procedure << 32 | header->serial;
}

void
spm_promises_keep(SpmPromises *promises, const SpmRpcHeader *header, guint64 promise)
{
    guint64 key = key_of(header);

    if (!promise)
        return;
    /* A client that uses a serial twice gives up what it had. */
    spm_promises_answered(promises, header);
    g_hash_table_insert(promises->held, g_memdup2(&key, sizeof key),
                        g_memdup2(&promise, sizeof promise));
}

void
spm_promises_answered(SpmPromises *promises, const SpmRpcHeader *header)
{
    guint64 key = key_of(header);
    const guint64 *promise;

    if (g_hash_table_size(promises->held) == 0)
        return; /* as for nearly every reply */
    promise = g_hash_table_lookup(promises->held, &key);
    if (!promise)
        return;
    spm_placer_release(promises->placer, *promise);
    g_hash_table_remove(promises->held, &key);
}
