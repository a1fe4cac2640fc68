/*
 * placement_pool.h: how much of the host is still to be had
 *
 * Private to src/host. A claim on several nodes may be served from any of them,
 * as the kernel likes (MPOL_BIND), so the pool counts for the worst: what is
 * available to a set of nodes is what is free there, less all that any other
 * claim could take there. A claim that fits so cannot be starved by the others.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/placement.h"

G_BEGIN_DECLS

typedef struct {
    const SpmHost *host;
    GPtrArray *claims; /* SpmPromise: those of others first, then ours */
    guint n_others;
} SpmPool;

void spm_pool_init(SpmPool *pool, const SpmHost *host, const GPtrArray *promises);
void spm_pool_clear(SpmPool *pool);

/* Bytes free on these nodes in pages of this size, whoever may want them. */
guint64 spm_pool_free(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size);
/* Of these, what no claim can take. */
guint64 spm_pool_available(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size);

/* Would a claim fit, and all claims that fit so far still fit beside it? */
gboolean spm_pool_fits(const SpmPool *pool, const SpmNodeset *nodes, guint64 page_size, guint64 bytes);
/* Who has the device, or NULL; the name to say when it has no name. */
const SpmPromise *spm_pool_device_owner(const SpmPool *pool, const char *device);

/* Claims are taken and given back like a stack. */
void spm_pool_push(SpmPool *pool, const SpmNodeset *nodes, guint64 page_size, guint64 bytes, const char *device);
void spm_pool_pop(SpmPool *pool);

G_END_DECLS
