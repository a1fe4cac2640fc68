/*
 * host_usable.h: can a node's memory back a cell, and what would make it ready
 *
 * Private to src/host.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_facts.h"

G_BEGIN_DECLS

/* Fill in .usable, .usable_why, .ready and .next; the class is known. */
void spm_host_find_usable(const SpmHostFacts *facts, SpmHostNode *node);

/* The command that makes the node have @count more hugepages of @size, and the
 * remark that goes with 1 GiB pages on movable memory. Caller frees. */
char *spm_host_reserve_command(const SpmHostNode *node, guint64 size, guint64 count);

/* Why the kernel would not make hugepages of @size here, and what to do about
 * it; NULL when it would. Never freed. */
const char *spm_host_size_refused(const SpmHost *host, const SpmHostNode *node, guint64 size);

/* The size to reserve pages of: the largest that the node can take. 0: none. */
guint64 spm_host_best_size(const SpmHost *host, const SpmHostNode *node);

G_END_DECLS
