/*
 * plan.h: placement requests as lines of text, and their answers
 *
 * One request a line, its words in any order:
 *
 *     cell=1:512MiB         a cell, automatic
 *     cell=1:512MiB@1-2     a cell with nodes of its own
 *     cell=1:512MiB/2MiB    with a page size (before "@")
 *     cell=1:512MiB!3       that was on node 3 before; "!dax0.0": on that device
 *     device=0000:05:00.0   a passed-through device
 *     cpus=0-1              CPUs the domain is pinned to
 *     promise=1/2MiB:64MiB  promised to others: nodes, page size, bytes
 *     promise=dax0.0        a promised device
 *     allow=far,dram        classes the configuration allows
 *     ordinary              the configuration allows ordinary pages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/placement.h"

G_BEGIN_DECLS

typedef struct {
    SpmPlacementRequest *request;
    GPtrArray *promises;
    SpmHostConfig *policy;
} SpmPlan;

/* Ends the test when @line is malformed. */
SpmPlan *spm_plan_parse(const char *line);
void spm_plan_free(SpmPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPlan, spm_plan_free)

/* The answer to one request, line by line. */
char *spm_plan_answer(const SpmHost *host, const SpmPlan *plan);

/* Every request in @requests (one a line, "#" for comments) with its answer. */
char *spm_plan_all(const SpmHost *host, const char *requests);

G_END_DECLS
