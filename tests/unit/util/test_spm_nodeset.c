/*
 * Node sets: libvirt's and the kernel's notation, and the arithmetic of sets
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_nodeset.h"

#include "unit.h"

static void
assert_set(const SpmNodeset *set, const char *expected)
{
    g_autofree char *text = spm_nodeset_format(set);

    g_assert_cmpstr(text, ==, expected);
}

static SpmNodeset *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    SpmNodeset *set = spm_nodeset_parse(text, &error);

    g_assert_no_error(error);
    g_assert_nonnull(set);
    return set;
}

static void
lists_are_read_and_written_shortest(void)
{
    static const struct {
        const char *text;
        const char *written;
    } cases[] = {
        { "0", "0" },
        { "0-3", "0-3" },
        { "3,1,2", "1-3" },
        { "0-3,7", "0-3,7" },
        { "0-3,2-5", "0-5" },
        { "5-5", "5" },
        { "007", "7" },
        { "0-3,^2", "0-1,3" },
        { "0-3,^2,7", "0-1,3,7" },
        { "^2,0-3", "0-3" },          /* libvirt takes them in order too */
        { "1,^1", "" },
        { "63,64,65", "63-65" },      /* across a word */
        { "0,16383", "0,16383" },
        { "0-16383", "0-16383" },
        { "  0-3,7\n", "0-3,7" },     /* a sysfs file */
        { "", "" },
        { " \n", "" },                /* a sysfs file of no node */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SpmNodeset) set = parse(cases[i].text);

        assert_set(set, cases[i].written);
    }
}

static void
malformed_lists_are_refused(void)
{
    static const char *const cases[] = {
        ",", "0,", ",0", "0,,1", "-1", "1-", "3-1", "0-3-5", "a", "0x1", "1 2", "0 -3", "0- 3",
        "^", "^1-2", "1^", "^^1", "+1", "1.5", "0;1", "16384", "0-16384", "^16384",
        "4294967296", "18446744073709551616", "99999999999999999999999999999999999999",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmNodeset) set = spm_nodeset_parse(cases[i], &error);

        if (set)
            g_error("'%s' was taken", cases[i]);
        g_assert_true(strstr(error->message, cases[i]) != NULL);
        assert_refused(&error, SPM_ERROR_XML, "each number below 16384");
    }
}

static void
a_huge_list_is_read_in_one_pass(void)
{
    GString *text = g_string_new("0");
    g_autoptr(SpmNodeset) set = NULL;

    for (guint i = 0; i < 400000; i++)
        g_string_append_printf(text, ",%u", i % SPM_NODESET_MAX);
    set = parse(text->str);
    g_assert_cmpuint(spm_nodeset_count(set), ==, SPM_NODESET_MAX);
    g_string_free(text, TRUE);
}

static void
error_may_be_ignored(void)
{
    g_assert_null(spm_nodeset_parse("x", NULL));
    g_assert_null(spm_nodeset_parse_mask("x", NULL));
}

static void
masks_are_read_from_the_right(void)
{
    static const struct {
        const char *mask;
        const char *written;
    } cases[] = {
        { "0", "" },
        { "1", "0" },
        { "f", "0-3" },
        { "F", "0-3" },
        { "80000000", "31" },
        { "00000001,00000000", "32" },
        { "00000000,0000000f\n", "0-3" },
        { "ffffffff,ffffffff", "0-63" },
        { "", "" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmNodeset) set = spm_nodeset_parse_mask(cases[i].mask, &error);

        g_assert_no_error(error);
        assert_set(set, cases[i].written);
    }
}

static void
masks_end_at_the_limit(void)
{
    GString *mask = g_string_new(NULL);
    g_autoptr(SpmNodeset) set = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < SPM_NODESET_MAX / 4; i++)
        g_string_append_c(mask, '0');
    mask->str[0] = '8';
    set = spm_nodeset_parse_mask(mask->str, &error);
    g_assert_no_error(error);
    assert_set(set, "16383");

    /* Leading zeros beyond it are still nothing; a bit is too much. */
    g_string_prepend(mask, "0,");
    g_clear_pointer(&set, spm_nodeset_free);
    set = spm_nodeset_parse_mask(mask->str, &error);
    g_assert_no_error(error);
    assert_set(set, "16383");
    mask->str[0] = '1';
    g_assert_null(spm_nodeset_parse_mask(mask->str, &error));
    assert_refused(&error, SPM_ERROR_XML, "mask of numbers below 16384");
    g_string_free(mask, TRUE);
}

static void
malformed_masks_are_refused(void)
{
    static const char *const cases[] = { "g", "0x1", "0-3", "1 2", "-1", "1;2" };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(spm_nodeset_parse_mask(cases[i], &error));
        assert_refused(&error, SPM_ERROR_XML, cases[i]);
    }
}

static void
members_come_and_go(void)
{
    g_autoptr(SpmNodeset) set = spm_nodeset_new();

    g_assert_true(spm_nodeset_is_empty(set));
    g_assert_cmpint(spm_nodeset_next(set, 0), ==, -1);
    spm_nodeset_add(set, 5);
    spm_nodeset_add(set, 64);
    g_assert_true(spm_nodeset_has(set, 5));
    g_assert_false(spm_nodeset_has(set, 6));
    g_assert_cmpuint(spm_nodeset_count(set), ==, 2);
    spm_nodeset_remove(set, 5);
    g_assert_false(spm_nodeset_has(set, 5));
    g_assert_true(spm_nodeset_has(set, 64));
}

static void
numbers_beyond_the_limit_are_never_members(void)
{
    g_autoptr(SpmNodeset) set = spm_nodeset_new();

    spm_nodeset_add(set, SPM_NODESET_MAX);
    spm_nodeset_add(set, G_MAXUINT);
    spm_nodeset_remove(set, G_MAXUINT);
    g_assert_true(spm_nodeset_is_empty(set));
    g_assert_false(spm_nodeset_has(set, G_MAXUINT));
    g_assert_cmpint(spm_nodeset_next(set, G_MAXUINT), ==, -1);
    g_assert_cmpint(spm_nodeset_next(set, SPM_NODESET_MAX), ==, -1);
}

static void
walk_meets_every_member_once(void)
{
    g_autoptr(SpmNodeset) set = parse("0,63,64,127-128,16383");
    GString *walked = g_string_new(NULL);

    for (int n = spm_nodeset_next(set, 0); n >= 0; n = spm_nodeset_next(set, (guint)n + 1))
        g_string_append_printf(walked, " %d", n);
    g_assert_cmpstr(walked->str, ==, " 0 63 64 127 128 16383");
    g_string_free(walked, TRUE);
    g_assert_cmpint(spm_nodeset_next(set, 65), ==, 127);
}

static void
sets_join_and_part(void)
{
    g_autoptr(SpmNodeset) a = parse("0-3");
    g_autoptr(SpmNodeset) b = parse("2-5");
    g_autoptr(SpmNodeset) far = parse("9000");

    g_assert_true(spm_nodeset_intersects(a, b));
    g_assert_false(spm_nodeset_intersects(a, far));
    g_assert_false(spm_nodeset_contains(a, b));
    spm_nodeset_union(a, b);
    assert_set(a, "0-5");
    g_assert_true(spm_nodeset_contains(a, b));
    spm_nodeset_subtract(a, b);
    assert_set(a, "0-1");
    g_assert_false(spm_nodeset_intersects(a, b));
}

/* Sets of small numbers and others are kept in different ways. */
static void
small_and_large_numbers_meet(void)
{
    g_autoptr(SpmNodeset) small = parse("1,127");
    g_autoptr(SpmNodeset) large = parse("1,128,16383");
    g_autoptr(SpmNodeset) was_large = parse("1,127,128,^128");
    g_autoptr(SpmNodeset) both = spm_nodeset_copy(small);

    g_assert_true(spm_nodeset_equal(small, was_large));
    g_assert_true(spm_nodeset_equal(was_large, small));
    g_assert_false(spm_nodeset_equal(small, large));
    g_assert_false(spm_nodeset_equal(large, small));
    g_assert_false(spm_nodeset_has(small, 128));
    g_assert_cmpint(spm_nodeset_next(small, 128), ==, -1);
    g_assert_true(spm_nodeset_intersects(small, large));
    g_assert_true(spm_nodeset_intersects(large, small));
    spm_nodeset_union(both, large);
    assert_set(both, "1,127-128,16383");
    g_assert_cmpuint(spm_nodeset_count(both), ==, 4);
    g_assert_true(spm_nodeset_contains(both, small));
    g_assert_false(spm_nodeset_contains(small, both));
    spm_nodeset_subtract(both, small);
    assert_set(both, "128,16383");
    spm_nodeset_subtract(small, large);
    assert_set(small, "127");
    spm_nodeset_remove(small, 128);
    assert_set(small, "127");
}

static void
every_set_contains_the_empty_one(void)
{
    g_autoptr(SpmNodeset) empty = spm_nodeset_new();
    g_autoptr(SpmNodeset) some = parse("1");

    g_assert_true(spm_nodeset_contains(some, empty));
    g_assert_true(spm_nodeset_contains(empty, empty));
    g_assert_false(spm_nodeset_contains(empty, some));
    g_assert_false(spm_nodeset_intersects(empty, some));
}

static void
a_copy_is_its_own_set(void)
{
    g_autoptr(SpmNodeset) set = parse("1,3");
    g_autoptr(SpmNodeset) copy = spm_nodeset_copy(set);

    g_assert_true(spm_nodeset_equal(set, copy));
    spm_nodeset_add(copy, 2);
    g_assert_false(spm_nodeset_equal(set, copy));
    assert_set(set, "1,3");
    g_assert_null(spm_nodeset_copy(NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm_nodeset/lists-are-read-and-written-shortest",
                    lists_are_read_and_written_shortest);
    g_test_add_func("/spm_nodeset/malformed-lists-are-refused", malformed_lists_are_refused);
    g_test_add_func("/spm_nodeset/a-huge-list-is-read-in-one-pass", a_huge_list_is_read_in_one_pass);
    g_test_add_func("/spm_nodeset/error-may-be-ignored", error_may_be_ignored);
    g_test_add_func("/spm_nodeset/masks-are-read-from-the-right", masks_are_read_from_the_right);
    g_test_add_func("/spm_nodeset/masks-end-at-the-limit", masks_end_at_the_limit);
    g_test_add_func("/spm_nodeset/malformed-masks-are-refused", malformed_masks_are_refused);
    g_test_add_func("/spm_nodeset/members-come-and-go", members_come_and_go);
    g_test_add_func("/spm_nodeset/numbers-beyond-the-limit-are-never-members",
                    numbers_beyond_the_limit_are_never_members);
    g_test_add_func("/spm_nodeset/walk-meets-every-member-once", walk_meets_every_member_once);
    g_test_add_func("/spm_nodeset/sets-join-and-part", sets_join_and_part);
    g_test_add_func("/spm_nodeset/small-and-large-numbers-meet", small_and_large_numbers_meet);
    g_test_add_func("/spm_nodeset/every-set-contains-the-empty-one",
                    every_set_contains_the_empty_one);
    g_test_add_func("/spm_nodeset/a-copy-is-its-own-set", a_copy_is_its_own_set);
    return g_test_run();
}
