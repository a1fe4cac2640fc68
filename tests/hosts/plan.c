/*
 * plan.c: placement requests as lines of text, and their answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "hosts/plan.h"

#include <string.h>

#include "util/spm_size.h"

static guint64
parse_size(const char *text)
{
    gsize digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);
    guint64 bytes = 0;

    g_assert_true(spm_size_parse(number, text + digits, &bytes, NULL));
    return bytes;
}

/* What stands behind @mark in @word, cut off from it; NULL when there is none. */
static char *
cut(char *word, char mark)
{
    char *at = strchr(word, mark);

    if (at)
        *at++ = '\0';
    return at;
}

static SpmNodeset *
parse_set(const char *text)
{
    SpmNodeset *set = spm_nodeset_parse(text, NULL);

    g_assert_nonnull(set);
    return set;
}

static void
parse_cell(SpmPlan *plan, char *word)
{
    char *recorded = cut(word, '!');
    char *nodes = cut(word, '@');
    char *page = cut(word, '/');
    char *size = cut(word, ':');
    SpmPlacementCell *cell;

    g_assert_nonnull(size);
    cell = spm_placement_request_add(plan->request, (guint)g_ascii_strtoull(word, NULL, 10), parse_size(size));
    cell->page_size = page ? parse_size(page) : 0;
    cell->nodes = nodes ? parse_set(nodes) : NULL;
    if (recorded && g_str_has_prefix(recorded, "dax"))
        cell->recorded_device = g_strdup(recorded);
    else if (recorded)
        cell->recorded_nodes = parse_set(recorded);
}

static void
parse_promise(SpmPlan *plan, char *word)
{
    g_autoptr(SpmNodeset) nodes = NULL;
    char *bytes = cut(word, ':'), *page = cut(word, '/');

    if (g_str_has_prefix(word, "dax")) {
        nodes = spm_nodeset_new();
        g_ptr_array_add(plan->promises, spm_promise_new(nodes, 0, 0, word, "domain 'other'"));
        return;
    }
    g_assert_true(bytes && page);
    nodes = parse_set(word);
    g_ptr_array_add(plan->promises, spm_promise_new(nodes, parse_size(page), parse_size(bytes), NULL, "domain 'other'"));
}

static void
parse_allow(SpmPlan *plan, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);

    plan->policy->allowed = 0;
    for (guint i = 0; names[i]; i++) {
        SpmHostClass klass;

        g_assert_true(spm_host_class_parse(names[i], &klass));
        plan->policy->allowed |= 1u << klass;
    }
}

static void
parse_word(SpmPlan *plan, char *word)
{
    char *value = cut(word, '=');

    if (g_str_equal(word, "ordinary")) {
        plan->policy->ordinary_pages = TRUE;
        return;
    }
    g_assert_nonnull(value);
    if (g_str_equal(word, "cell"))
        parse_cell(plan, value);
    else if (g_str_equal(word, "device"))
        g_ptr_array_add(plan->request->devices, g_strdup(value));
    else if (g_str_equal(word, "promise"))
        parse_promise(plan, value);
    else if (g_str_equal(word, "allow"))
        parse_allow(plan, value);
    else if (g_str_equal(word, "cpus")) {
        g_autoptr(SpmNodeset) cpus = parse_set(value);

        spm_nodeset_union(plan->request->cpus, cpus);
    } else
        g_error("unknown word in a request: %s=%s", word, value);
}

SpmPlan *
spm_plan_parse(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    SpmPlan *plan = g_new0(SpmPlan, 1);

    plan->request = spm_placement_request_new();
    plan->promises = g_ptr_array_new_with_free_func((GDestroyNotify)spm_promise_free);
    plan->policy = spm_host_config_new();
    for (guint i = 0; words[i]; i++) {
        if (*words[i])
            parse_word(plan, words[i]);
    }
    return plan;
}

void
spm_plan_free(SpmPlan *plan)
{
    if (!plan)
        return;
    spm_placement_request_free(plan->request);
    g_ptr_array_unref(plan->promises);
    spm_host_config_free(plan->policy);
    g_free(plan);
}

char *
spm_plan_answer(const SpmHost *host, const SpmPlan *plan)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) backings =
        spm_placement_find(host, plan->request, plan->promises, plan->policy, &error);

    if (!backings)
        g_string_append_printf(out, "refused: %s\n", error->message);
    for (guint i = 0; backings && i < backings->len; i++) {
        const SpmBacking *backing = g_ptr_array_index(backings, i);
        g_autofree char *nodes = spm_nodeset_format(backing->nodes);
        g_autofree char *page = spm_size_format(backing->page_size);
        g_autofree char *align = spm_size_format(backing->align);

        g_string_append_printf(out, "cell %u, %s: node %s, ", backing->cell,
                               backing->automatic ? "automatic" : "as written", *nodes ? nodes : "unknown");
        if (backing->kind == SPM_BACKING_DEVDAX)
            g_string_append_printf(out, "%s, align %s", backing->path, align);
        else
            g_string_append_printf(out, "%s%s, %u threads", backing->page_size ? "hugepages of " : "ordinary pages",
                                   backing->page_size ? page : "", backing->threads);
        g_string_append_printf(out, " (%s)\n", backing->why);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *
spm_plan_all(const SpmHost *host, const char *requests)
{
    g_auto(GStrv) lines = g_strsplit(requests, "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; lines[i]; i++) {
        g_autoptr(SpmPlan) plan = NULL;
        g_autofree char *answer = NULL;

        if (*lines[i] == '\0' || *lines[i] == '#')
            continue;
        plan = spm_plan_parse(lines[i]);
        answer = spm_plan_answer(host, plan);
        g_string_append_printf(out, "%s> %s\n%s", out->len ? "\n" : "", lines[i], answer);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
