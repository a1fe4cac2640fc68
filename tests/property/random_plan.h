/*
 * random_plan.h: what a random domain says, before it is written down
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_nodeset.h"

#define PLAN_CELLS_MAX 8
#define PLAN_HOST_NODES 4

typedef struct {
    guint id;
    gboolean spm;
    gboolean normal;         /* memmapType='normal' */
    guint64 size;            /* bytes */
    guint64 page;            /* bytes; 0: the domain's default pages */
    SpmNodeset *cpus;        /* NULL: none */
    SpmNodeset *host_nodes;  /* of its memnode; NULL: it has none */
    const char *policy;      /* of its memnode */
    const char *access;      /* memAccess, or NULL */
    const char *discard;     /* or NULL */
    guint distances[PLAN_CELLS_MAX]; /* by cell id; 0: not given */
    gboolean cache;
} PlanCell;

typedef struct {
    guint cell;              /* its target */
    guint64 size;            /* bytes */
    guint64 page;            /* 0: none given */
    SpmNodeset *host_nodes;  /* NULL: none given */
    const char *alias;       /* NULL: none */
} PlanDimm;

typedef struct {
    PlanCell cells[PLAN_CELLS_MAX]; /* by id */
    guint count;
    guint spm_count;
    gboolean ids;            /* are the ids written? */
    guint order[PLAN_CELLS_MAX];    /* ids in document order */
    guint vcpus;
    gboolean hugepages;      /* there is a <hugepages> */
    guint64 default_page;    /* of the <page> without nodeset; 0: there is none */
    const char *policy;      /* of the domain; NULL: there is none */
    SpmNodeset *policy_nodes;
    PlanDimm dimms[2];
    guint dimm_count;
    guint64 max_memory;      /* bytes; 0: not given */
    gboolean interconnects;
} Plan;

/* Valid for lowering A. */
Plan *plan_new(GRand *dice);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

gboolean plan_asks(const Plan *plan);
/* Can lowering B build it? */
gboolean plan_suits_b(const Plan *plan);
