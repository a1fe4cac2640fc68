/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random_plan.h"

#include "random_writer.h"
#include "util/spm_size.h"

static guint64
round_up(guint64 bytes, guint64 step)
{
    return (bytes + step - 1) / step * step;
}

static SpmNodeset *
random_host_nodes(GRand *dice)
{
    SpmNodeset *nodes = spm_nodeset_new();

    spm_nodeset_add(nodes, (guint)random_from(dice, 0, PLAN_HOST_NODES - 1));
    while (random_chance(dice, 30))
        spm_nodeset_add(nodes, (guint)random_from(dice, 0, PLAN_HOST_NODES - 1));
    return nodes;
}

/* Mostly ordinary cells first, which is what lowering B needs. */
static void
choose_kinds(Plan *plan, GRand *dice)
{
    guint ordinary = (guint)random_from(dice, 1, 3);

    plan->spm_count = (guint)random_from(dice, 1, PLAN_CELLS_MAX - 3);
    if (random_chance(dice, 60))
        plan->spm_count = MIN(plan->spm_count, 2);
    if (random_chance(dice, 5))
        plan->spm_count = 0;
    plan->count = ordinary + plan->spm_count;
    for (guint i = 0; i < plan->count; i++) {
        plan->cells[i].id = i;
        plan->cells[i].spm = i >= ordinary;
        plan->order[i] = i;
    }
    if (random_chance(dice, 25)) {
        guint a = (guint)random_from(dice, 0, (int)plan->count - 1);
        guint b = (guint)random_from(dice, 0, (int)plan->count - 1);
        gboolean kept = plan->cells[a].spm;

        plan->cells[a].spm = plan->cells[b].spm;
        plan->cells[b].spm = kept;
    }
    for (guint i = 0; i < plan->count; i++)
        plan->cells[i].normal = !plan->cells[i].spm && random_chance(dice, 20);
}

static void
choose_order(Plan *plan, GRand *dice)
{
    plan->ids = random_chance(dice, 80);
    for (guint i = plan->count; plan->ids && random_chance(dice, 90) && i > 1; i--) {
        guint j = random_chance(dice, 30) ? (guint)random_from(dice, 0, (int)i - 1) : i - 1;
        guint kept = plan->order[i - 1];

        plan->order[i - 1] = plan->order[j];
        plan->order[j] = kept;
    }
}

static void
choose_pages(Plan *plan, GRand *dice)
{
    static const guint64 sizes[] = { 2 * SPM_MIB, 2 * SPM_MIB, SPM_GIB, 4 * SPM_KIB };

    plan->hugepages = random_chance(dice, 55);
    if (!plan->hugepages)
        return;
    if (random_chance(dice, 40))
        plan->default_page = sizes[random_from(dice, 0, 2)];
    for (guint i = 0; i < plan->count; i++) {
        if (random_chance(dice, 60))
            plan->cells[i].page = sizes[random_from(dice, 0, G_N_ELEMENTS(sizes) - 1)];
    }
}

static void
choose_sizes(Plan *plan, GRand *dice)
{
    for (guint i = 0; i < plan->count; i++) {
        PlanCell *cell = &plan->cells[i];
        guint64 page = cell->page ? cell->page : plan->default_page ? plan->default_page : 4 * SPM_KIB;

        cell->size = page * (guint64)random_from(dice, 1, page == SPM_GIB ? 3 : 2000);
        if (random_chance(dice, 50))
            cell->size = round_up(cell->size, SPM_GIB);
        else if (random_chance(dice, 30) && page < SPM_GIB)
            cell->size *= 125; /* a chance for units that are powers of 1000 */
    }
}

static void
choose_cpus(Plan *plan, GRand *dice)
{
    plan->vcpus = (guint)random_from(dice, 1, 12);
    for (guint cpu = 0; cpu < plan->vcpus; cpu++) {
        PlanCell *cell = &plan->cells[random_from(dice, 0, (int)plan->count - 1)];

        if ((cell->spm && !random_chance(dice, 7)) || random_chance(dice, 10))
            continue;
        if (!cell->cpus)
            cell->cpus = spm_nodeset_new();
        spm_nodeset_add(cell->cpus, cpu);
    }
}

static void
choose_policies(Plan *plan, GRand *dice)
{
    static const char *const modes[] = { "strict", "strict", "strict", "preferred", "interleave", NULL };
    gboolean bound = FALSE;

    for (guint i = 0; i < plan->count && random_chance(dice, 90); i++) {
        PlanCell *cell = &plan->cells[i];

        if (!random_chance(dice, 50))
            continue;
        cell->host_nodes = random_host_nodes(dice);
        cell->policy = cell->spm ? "strict" : random_word(dice, modes);
        bound = bound || cell->spm;
    }
    if (random_chance(dice, 40)) {
        plan->policy = random_word(dice, modes);
        plan->policy_nodes = random_host_nodes(dice);
        if (!bound && random_chance(dice, 10))
            plan->policy = "restrictive";
    }
}

static void
choose_attributes(Plan *plan, GRand *dice)
{
    for (guint i = 0; i < plan->count; i++) {
        PlanCell *cell = &plan->cells[i];

        if (random_chance(dice, 20))
            cell->access = random_chance(dice, 50) ? "shared" : "private";
        if (random_chance(dice, 20))
            cell->discard = random_chance(dice, 50) ? "yes" : "no";
    }
}

static void
choose_links(Plan *plan, GRand *dice)
{
    int distances = random_chance(dice, 40) ? random_from(dice, 10, 100) : 0;

    for (guint i = 0; i < plan->count; i++) {
        for (guint j = 0; j < plan->count; j++) {
            if (random_chance(dice, distances))
                plan->cells[i].distances[j] = i == j ? 10 : (guint)random_from(dice, 11, 254);
        }
        plan->cells[i].cache = random_chance(dice, 8);
    }
    plan->interconnects = random_chance(dice, 30);
}

static void
choose_dimms(Plan *plan, GRand *dice)
{
    plan->dimm_count = random_chance(dice, 25) ? (guint)random_from(dice, 1, 2) : 0;
    for (guint i = 0; i < plan->dimm_count; i++) {
        PlanDimm *dimm = &plan->dimms[i];

        do {
            dimm->cell = (guint)random_from(dice, 0, (int)plan->count - 1);
        } while (plan->cells[dimm->cell].spm);
        dimm->size = SPM_MIB * (guint64)random_from(dice, 1, 4096);
        dimm->page = random_chance(dice, 30) ? 2 * SPM_MIB : 0;
        dimm->host_nodes = random_chance(dice, 40) ? random_host_nodes(dice) : NULL;
        dimm->alias = random_chance(dice, 30) ? i ? "ua-second" : "ua-first" : NULL;
    }
}

static void
choose_max_memory(Plan *plan, GRand *dice)
{
    guint64 total = 0;

    for (guint i = 0; i < plan->count; i++)
        total += round_up(plan->cells[i].size, plan->cells[i].spm ? 2 * SPM_MIB : SPM_MIB);
    for (guint i = 0; i < plan->dimm_count; i++)
        total += round_up(plan->dimms[i].size, 2 * SPM_MIB);
    if (plan->dimm_count > 0 || random_chance(dice, 30))
        plan->max_memory = total + (random_chance(dice, 30)
                                        ? 0
                                        : SPM_KIB * (guint64)random_from(dice, 0, 64 << 20));
}

Plan *
plan_new(GRand *dice)
{
    Plan *plan = g_new0(Plan, 1);

    choose_kinds(plan, dice);
    choose_order(plan, dice);
    choose_pages(plan, dice);
    choose_sizes(plan, dice);
    choose_cpus(plan, dice);
    choose_policies(plan, dice);
    choose_attributes(plan, dice);
    choose_links(plan, dice);
    choose_dimms(plan, dice);
    choose_max_memory(plan, dice);
    return plan;
}

void
plan_free(Plan *plan)
{
    for (guint i = 0; i < PLAN_CELLS_MAX; i++) {
        spm_nodeset_free(plan->cells[i].cpus);
        spm_nodeset_free(plan->cells[i].host_nodes);
    }
    for (guint i = 0; i < G_N_ELEMENTS(plan->dimms); i++)
        spm_nodeset_free(plan->dimms[i].host_nodes);
    spm_nodeset_free(plan->policy_nodes);
    g_free(plan);
}

gboolean
plan_asks(const Plan *plan)
{
    for (guint i = 0; i < plan->count; i++) {
        if (plan->cells[i].spm || plan->cells[i].normal)
            return TRUE;
    }
    return FALSE;
}

gboolean
plan_suits_b(const Plan *plan)
{
    const PlanCell *first = &plan->cells[0];
    const char *policy = first->host_nodes ? first->policy : plan->policy ? plan->policy : "strict";
    gboolean bound = FALSE;

    for (guint i = 0; i < plan->count; i++) {
        const PlanCell *cell = &plan->cells[i];

        if (cell->spm && (cell->cpus || (i + 1 < plan->count && !plan->cells[i + 1].spm)))
            return FALSE;
        bound = bound || (cell->spm && cell->host_nodes);
    }
    return !bound || g_str_equal(policy, "strict");
}
