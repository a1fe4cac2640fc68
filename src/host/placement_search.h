/*
 * placement_search.h: what a search for a placement looks at
 *
 * Private to src/host.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/placement_pool.h"

G_BEGIN_DECLS

/* A page size that users write to say "no hugepages"; sp-mem is for x86 only. */
#define SPM_PAGE_ORDINARY (G_GUINT64_CONSTANT(4) << 10)

typedef struct {
    const SpmHost *host;
    const SpmPlacementRequest *request;
    const SpmHostConfig *policy;
    SpmPool pool;
    SpmNodeset *accelerator_nodes; /* nodes of the domain's own accelerators */
    SpmNodeset *pinned_nodes;      /* nodes of the CPUs it is pinned to */
    GPtrArray *order;              /* SpmPlacementCell: the order in which cells are placed */
    GPtrArray *found;              /* SpmBacking, in the same order */
    guint64 work;                  /* spent so far */
    GError *refusal;               /* for the cell the search got stuck at, where it got deepest */
    guint refusal_depth;
} SpmSearch;

/* One way to back a cell. */
typedef struct {
    SpmBackingKind kind;
    SpmNodeset *nodes;
    guint64 page_size;
    const SpmHostDax *dax;
    /* What decides between two, first that differs: */
    guint not_recorded;   /* 0: where it was before */
    guint not_preferred;  /* explicit: which kind of memory of the node; automatic: see below */
    guint accelerator;    /* 0: node of an accelerator that no other cell has, 1: of any, 2: of none */
    guint64 distance;     /* to the pinned CPUs */
    guint64 left_over;    /* bytes left when the cell is there */
} SpmCandidate;

void spm_candidate_free(gpointer candidate);

/* All ways to back @cell beside what the pool has promised so far, best first. */
GPtrArray *spm_placement_candidates(const SpmSearch *search, const SpmPlacementCell *cell);

/* May an automatic cell use this class? */
gboolean spm_placement_allowed(const SpmSearch *search, SpmHostClass klass);
/* Has the node RAM that the kernel can hand out? */
gboolean spm_placement_has_ram(const SpmHostNode *node);

/* Does the cell make sense on this host, wherever it goes? Sets @error. */
gboolean spm_placement_check_cell(const SpmSearch *search, const SpmPlacementCell *cell, GError **error);
/* Say why nothing was found for @cell. */
void spm_placement_refuse(const SpmSearch *search, const SpmPlacementCell *cell, GError **error);

G_END_DECLS
