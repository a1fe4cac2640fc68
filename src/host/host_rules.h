/*
 * host_rules.h: the rules that decide a node's class, in order
 *
 * Private to src/host.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_facts.h"

G_BEGIN_DECLS

typedef struct {
    SpmHostClass klass;
    SpmHostConfidence confidence;
    char *words; /* why it applies or why not; owned */
} SpmHostVerdict;

typedef struct {
    guint number; /* as in docs/placement.rst */
    const char *title;
    gboolean (*applies)(const SpmHostFacts *facts, SpmHostVerdict *verdict);
} SpmHostRule;

extern const SpmHostRule spm_host_rules[];
extern const guint spm_host_n_rules;

G_END_DECLS
