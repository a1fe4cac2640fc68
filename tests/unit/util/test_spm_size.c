/*
 * Sizes: libvirt's units, and what does not fit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_size.h"

#include "unit.h"

static void
numbers_are_whole_and_unsigned(void)
{
    static const struct {
        const char *text;
        guint64 value;
    } good[] = {
        { "0", 0 },
        { "64", 64 },
        { "0064", 64 },
        { " 64\n", 64 },
        { "18446744073709551615", G_MAXUINT64 },
    };
    static const char *const bad[] = {
        "", " ", "-1", "+1", "1.5", "1e3", "0x10", "1 2", "64 GiB", "ten",
        "18446744073709551616", "99999999999999999999999", "\xd9\xa3",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        guint64 value = 4711;

        g_assert_true(spm_parse_uint64(good[i].text, &value));
        g_assert_cmpuint(value, ==, good[i].value);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        guint64 value = 4711;

        if (spm_parse_uint64(bad[i], &value))
            g_error("'%s' was taken", bad[i]);
        g_assert_cmpuint(value, ==, 4711);
    }
}

static void
units_are_those_of_libvirt(void)
{
    /* The pattern "unit" of libvirt's basictypes.rng. */
    static const struct {
        const char *unit;
        guint64 scale;
    } cases[] = {
        { NULL, SPM_KIB }, { "", SPM_KIB },
        { "b", 1 }, { "B", 1 }, { "byte", 1 }, { "bytes", 1 }, { "BYTES", 1 },
        { "k", SPM_KIB }, { "K", SPM_KIB }, { "KiB", SPM_KIB }, { "kib", SPM_KIB }, { "KB", 1000 },
        { "M", SPM_MIB }, { "MiB", SPM_MIB }, { "MB", 1000000 },
        { "G", SPM_GIB }, { "GiB", SPM_GIB }, { "GB", 1000000000 },
        { "T", 1024 * SPM_GIB }, { "TiB", 1024 * SPM_GIB }, { "TB", G_GUINT64_CONSTANT(1000000000000) },
        { "P", SPM_MIB * SPM_GIB }, { "PiB", SPM_MIB * SPM_GIB },
        { "PB", G_GUINT64_CONSTANT(1000000000000000) },
        { "E", SPM_GIB * SPM_GIB }, { "EiB", SPM_GIB * SPM_GIB },
        { "EB", G_GUINT64_CONSTANT(1000000000000000000) },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        guint64 bytes = 0;

        g_assert_true(spm_size_parse("3", cases[i].unit, &bytes, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(bytes, ==, 3 * cases[i].scale);
    }
}

static void
unknown_units_are_refused_by_name(void)
{
    static const char *const cases[] = { "x", " KiB", "KiB ", "KiBs", "Ki", "bb", "ZB", "iB", "bit" };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        guint64 bytes;

        if (spm_size_parse("1", cases[i], &bytes, &error))
            g_error("'%s' was taken", cases[i]);
        g_assert_nonnull(strstr(error->message, cases[i]));
        assert_refused(&error, SPM_ERROR_XML, "not a unit of memory");
    }
}

static void
a_size_has_to_be_a_whole_number(void)
{
    g_autoptr(GError) error = NULL;
    guint64 bytes;

    g_assert_false(spm_size_parse("1.5", "GiB", &bytes, &error));
    assert_refused(&error, SPM_ERROR_XML, "'1.5' is not a size");
    g_assert_false(spm_size_parse("", "GiB", &bytes, &error));
    assert_refused(&error, SPM_ERROR_XML, "'' is not a size");
}

static void
sizes_end_at_64_bits(void)
{
    g_autoptr(GError) error = NULL;
    guint64 bytes = 0;

    g_assert_true(spm_size_parse("15", "EiB", &bytes, &error));
    g_assert_cmpuint(bytes, ==, G_GUINT64_CONSTANT(15) << 60);
    g_assert_false(spm_size_parse("16", "EiB", &bytes, &error));
    assert_refused(&error, SPM_ERROR_XML, "16 EiB does not fit 64 bits");
    g_assert_false(spm_size_parse("18446744073709551615", NULL, &bytes, &error));
    assert_refused(&error, SPM_ERROR_XML, "18446744073709551615 KiB does not fit 64 bits");
    g_assert_true(spm_size_parse("18446744073709551615", "b", &bytes, &error));
    g_assert_cmpuint(bytes, ==, G_MAXUINT64);
}

static void
sizes_are_written_in_the_largest_unit_that_divides(void)
{
    static const struct {
        guint64 bytes;
        const char *text;
    } cases[] = {
        { 0, "0 bytes" },
        { 7, "7 bytes" },
        { 1024, "1 KiB" },
        { 1025, "1025 bytes" },
        { 1536 * SPM_MIB, "1536 MiB" },
        { 64 * SPM_GIB, "64 GiB" },
        { SPM_GIB * SPM_GIB, "1 EiB" },
        { G_MAXUINT64, "18446744073709551615 bytes" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = spm_size_format(cases[i].bytes);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm_size/numbers-are-whole-and-unsigned", numbers_are_whole_and_unsigned);
    g_test_add_func("/spm_size/units-are-those-of-libvirt", units_are_those_of_libvirt);
    g_test_add_func("/spm_size/unknown-units-are-refused-by-name", unknown_units_are_refused_by_name);
    g_test_add_func("/spm_size/a-size-has-to-be-a-whole-number", a_size_has_to_be_a_whole_number);
    g_test_add_func("/spm_size/sizes-end-at-64-bits", sizes_end_at_64_bits);
    g_test_add_func("/spm_size/sizes-are-written-in-the-largest-unit-that-divides",
                    sizes_are_written_in_the_largest_unit_that_divides);
    return g_test_run();
}
