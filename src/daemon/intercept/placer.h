/*
 * placer.h: where the SPM cells of domains go on this host
 *
 * Reads the host anew for every question, so that it never acts on yesterday's
 * figures, and remembers one thing only: what a domain that is being started
 * right now will take, which the host still shows as free. That is forgotten
 * when libvirtd has answered; nothing is lost when virtspmd ends.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/placement.h"

G_BEGIN_DECLS

typedef struct _SpmPlacer SpmPlacer;

/* @sysroot: NULL for "/"; takes @policy. */
SpmPlacer *spm_placer_new(const char *sysroot, SpmHostConfig *policy);
void spm_placer_free(SpmPlacer *placer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPlacer, spm_placer_free)

/* From here on this policy counts (taken). What has been promised stays promised. */
void spm_placer_set_policy(SpmPlacer *placer, SpmHostConfig *policy);

/* Does somebody place cells? Not without a placer, nor by a policy of placement=off. */
gboolean spm_placer_is_on(const SpmPlacer *placer);

/* The host as it is now, classified by the policy; NULL when it cannot be read. */
SpmHost *spm_placer_host(const SpmPlacer *placer, GError **error);

/* What a domain wants and what it gets. */
typedef struct {
    SpmPlacementRequest *request;
    GPtrArray *backings; /* of SpmBacking, a cell each */
} SpmPlan;

void spm_plan_free(SpmPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPlan, spm_plan_free)

/* Place the SPM cells of @xml, a user's document or stock XML. @running is the
 * stock XML of the same domain while it runs, or NULL: what it has taken is
 * counted as free for itself. Errors name cell, node, needed and free, and the
 * way out. */
SpmPlan *spm_placer_plan(SpmPlacer *placer, const char *xml, gsize length, const char *running,
                         gsize running_length, GError **error);

/* Does the domain lie already where the plan puts it? (For stock XML.) */
gboolean spm_plan_keeps(const SpmPlan *plan);

/* Keep what the plan takes from others until it is released; never 0. */
guint64 spm_placer_promise(SpmPlacer *placer, const SpmPlan *plan, const char *domain);
void spm_placer_release(SpmPlacer *placer, guint64 promise);

G_END_DECLS
