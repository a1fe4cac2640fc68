/*
 * host_classify.h: what kind of memory each node has, and how a cell can get it
 *
 * One table of rules, tried in order for every node; the first that applies
 * decides, and its number, its words and its confidence go with the answer.
 * docs/placement.rst has the table with the reasons and the traps behind it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"
#include "host/host_config.h"

G_BEGIN_DECLS

/* Fill in the conclusions in @host. @config may be NULL. */
void spm_host_classify(SpmHost *host, const SpmHostConfig *config);

/* Of the class that an SPM cell gets without anybody asking for a node. */
gboolean spm_host_class_is_spm(SpmHostClass klass);

/* The class of a device's memory: that of its target node where the node has
 * no other memory, else what the device's origin says. */
SpmHostClass spm_host_dax_class(const SpmHost *host, const SpmHostDax *dax);

/* Does this host have memory an SPM cell could ever be made of? */
gboolean spm_host_has_spm(const SpmHost *host);

/* What to do about a soft-reserved range with memory that nobody claims. Never
 * freed; NULL when it is all claimed. */
const char *spm_host_range_next(const SpmHost *host, const SpmHostRange *range);

G_END_DECLS
