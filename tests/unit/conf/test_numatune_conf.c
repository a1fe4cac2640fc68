/*
 * <numatune>: where a guest's memory may lie on the host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conf/numatune_conf.h"

#include "unit.h"

static SpmNumatune *
try_parse(const char *inside, xmlDoc **doc, GError **error)
{
    g_autofree char *xml = g_strdup_printf("<domain>%s</domain>", inside);

    *doc = spm_xml_parse(xml, strlen(xml), error);
    g_assert_nonnull(*doc);
    return spm_numatune_parse(xmlDocGetRootElement(*doc), error);
}

static void
nothing_said_is_strict_and_nowhere(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNumatune) tune = try_parse("", &doc, &error);

    g_assert_no_error(error);
    g_assert_null(tune->node);
    g_assert_null(tune->memory);
    g_assert_null(tune->nodes);
    g_assert_cmpstr(tune->mode, ==, "strict");
    g_assert_false(tune->automatic);
    g_assert_cmpuint(tune->memnodes->len, ==, 0);
}

static void
memory_and_memnodes_are_read(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNumatune) tune =
        try_parse("<numatune><memory mode='preferred' nodeset='0-1'/>"
                  "<memnode cellid='1' nodeset='2'/><memnode cellid='0' mode='interleave' nodeset='3'/>"
                  "</numatune>",
                  &doc, &error);
    g_autofree char *nodes = NULL;

    g_assert_no_error(error);
    nodes = spm_nodeset_format(tune->nodes);
    g_assert_cmpstr(nodes, ==, "0-1");
    g_assert_cmpstr(tune->mode, ==, "preferred");
    g_assert_cmpuint(tune->memnodes->len, ==, 2);
    g_assert_cmpstr(spm_numatune_find(tune, 1)->mode, ==, "strict");
    g_assert_true(spm_nodeset_has(spm_numatune_find(tune, 1)->nodes, 2));
    g_assert_cmpstr(spm_numatune_find(tune, 0)->mode, ==, "interleave");
    g_assert_null(spm_numatune_find(tune, 2));
}

static void
placement_follows_libvirts_rule(void)
{
    static const struct {
        const char *inside;
        gboolean automatic;
    } cases[] = {
        { "<numatune><memory placement='auto'/></numatune>", TRUE },
        { "<numatune><memory placement='static' nodeset='0'/></numatune>", FALSE },
        { "<vcpu placement='auto'>1</vcpu><numatune><memory nodeset='0'/></numatune>", FALSE },
        { "<vcpu placement='auto'>1</vcpu><numatune><memory mode='strict'/></numatune>", TRUE },
        { "<vcpu placement='auto'>1</vcpu>", TRUE },
        { "<vcpu placement='static'>1</vcpu>", FALSE },
        { "<vcpu placement='auto'>1</vcpu><numatune><memory placement='static' nodeset='0'/></numatune>", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmNumatune) tune = try_parse(cases[i].inside, &doc, &error);

        g_assert_no_error(error);
        if (tune->automatic != cases[i].automatic)
            g_error("%s", cases[i].inside);
    }
}

static void
malformed_policies_are_refused(void)
{
    static const struct {
        const char *inside;
        const char *words;
    } cases[] = {
        { "<memory nodeset='x'/>", "<numatune><memory>: nodeset: 'x' is not a list" },
        { "<memory nodeset=''/>", "nodeset '' names no node" },
        { "<memory nodeset='1,^1'/>", "nodeset '1,^1' names no node" },
        { "<memnode nodeset='1'/>", "cellid has to be the id of a NUMA cell" },
        { "<memnode cellid='one' nodeset='1'/>", "<memnode cellid='one'>: cellid has to be" },
        { "<memnode cellid='16384' nodeset='1'/>", "<memnode cellid='16384'>" },
        { "<memnode cellid='1'/>", "<memnode cellid='1'> has no nodeset" },
        { "<memnode cellid='1' nodeset='1-'/>", "<memnode cellid='1'>: nodeset: '1-'" },
        { "<memnode cellid='1' nodeset='1'/><memnode cellid='1' nodeset='2'/>",
          "two <memnode> elements for NUMA cell 1" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *inside = g_strdup_printf("\n<numatune>%s</numatune>", cases[i].inside);
        g_autoptr(xmlDoc) doc = NULL;
        g_autoptr(GError) error = NULL;

        if (try_parse(inside, &doc, &error))
            g_error("%s was taken", inside);
        g_assert_cmpint(spm_error_line(error), ==, 2);
        assert_refused(&error, SPM_ERROR_XML, cases[i].words);
    }
}

static gboolean
equal(const char *left, const char *right, const char *except)
{
    g_autofree char *one = g_strdup_printf("<numatune>%s</numatune>", left);
    g_autofree char *two = g_strdup_printf("<numatune>%s</numatune>", right);
    g_autoptr(xmlDoc) one_doc = NULL;
    g_autoptr(xmlDoc) two_doc = NULL;
    g_autoptr(SpmNumatune) a = try_parse(one, &one_doc, NULL);
    g_autoptr(SpmNumatune) b = try_parse(two, &two_doc, NULL);
    g_autoptr(SpmNodeset) cells = except ? spm_nodeset_parse(except, NULL) : NULL;
    gboolean result = spm_numatune_equal(a, b, cells);

    g_assert_cmpint(spm_numatune_equal(b, a, cells), ==, result);
    return result;
}

static void
equal_means_the_same_memory_in_the_same_place(void)
{
    g_assert_true(equal("", "", NULL));
    /* However it is written. */
    g_assert_true(equal("<memory nodeset='0-1'/>", "<memory mode='strict' nodeset='1,0'/>", NULL));
    g_assert_true(equal("<memnode cellid='0' nodeset='0'/><memnode cellid='1' nodeset='1'/>",
                        "<memnode cellid='1' nodeset='1'/><memnode cellid='0' nodeset='0'/>", NULL));
    /* A mode without nodes places nothing. */
    g_assert_true(equal("<memory mode='preferred'/>", "", NULL));
    g_assert_false(equal("<memory nodeset='0'/>", "<memory nodeset='1'/>", NULL));
    g_assert_false(equal("<memory nodeset='0'/>", "", NULL));
    g_assert_false(equal("<memory nodeset='0'/>", "<memory mode='preferred' nodeset='0'/>", NULL));
    g_assert_false(equal("<memory placement='auto'/>", "", NULL));
    g_assert_false(equal("<memnode cellid='0' nodeset='0'/>", "", NULL));
    g_assert_false(equal("<memnode cellid='0' nodeset='0'/>",
                         "<memnode cellid='0' mode='preferred' nodeset='0'/>", NULL));
}

static void
excepted_cells_do_not_count(void)
{
    g_assert_true(equal("<memnode cellid='1' nodeset='0'/>", "", "1"));
    g_assert_true(equal("<memnode cellid='1' nodeset='0'/>", "<memnode cellid='1' nodeset='3'/>", "1"));
    g_assert_false(equal("<memnode cellid='1' nodeset='0'/>", "", "0"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numatune_conf/nothing-said-is-strict-and-nowhere",
                    nothing_said_is_strict_and_nowhere);
    g_test_add_func("/numatune_conf/memory-and-memnodes-are-read", memory_and_memnodes_are_read);
    g_test_add_func("/numatune_conf/placement-follows-libvirts-rule",
                    placement_follows_libvirts_rule);
    g_test_add_func("/numatune_conf/malformed-policies-are-refused", malformed_policies_are_refused);
    g_test_add_func("/numatune_conf/equal-means-the-same-memory-in-the-same-place",
                    equal_means_the_same_memory_in_the_same_place);
    g_test_add_func("/numatune_conf/excepted-cells-do-not-count", excepted_cells_do_not_count);
    return g_test_run();
}
