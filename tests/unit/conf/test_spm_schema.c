/*
 * The grammar of domain XML: libvirt's, and one attribute more
 *
 * Needs the installed libvirt's grammar, which ours includes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conf/spm_schema.h"

#include <glib/gstdio.h>

#include "unit.h"

static char *
domain_with(const char *numa, const char *devices)
{
    return g_strdup_printf("<domain type='kvm'>\n"
                           "  <name>guest</name>\n"
                           "  <memory unit='GiB'>2</memory>\n"
                           "  <vcpu>2</vcpu>\n"
                           "  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>\n"
                           "  <features><acpi/></features>\n"
                           "  <cpu><numa>%s</numa></cpu>\n"
                           "  <devices>%s</devices>\n"
                           "</domain>",
                           numa, devices);
}

static gboolean
validate(const char *numa, const char *devices, GError **error)
{
    g_autofree char *xml = domain_with(numa, devices);

    return spm_schema_validate(xml, strlen(xml), BUILT_SCHEMA, error);
}

static void
cells_with_memmap_type_are_valid(void)
{
    static const char *const cases[] = {
        "<cell id='0' cpus='0-1' memory='1' unit='GiB'/><cell id='1' memory='1' unit='GiB' memmapType='spm'/>",
        "<cell id='0' memory='1' memmapType='normal'/>",
        "<cell id='0' memory='1' memmapType='reserved'/>",
        "<cell memory='1' memmapType='spm'/>",
        "<cell id='0' cpus='0,^1' memory='1' unit='GiB' memAccess='shared' discard='yes' memmapType='spm'/>",
        "<cell id='0' memory='1' memmapType='spm'>"
        "<distances><sibling id='0' value='10'/><sibling id='1' value='17'/></distances></cell>"
        "<cell id='1' memory='1'/>",
        "<cell id='0' memory='1' memmapType='spm'>"
        "<cache level='1' associativity='direct' policy='writeback'>"
        "<size value='8' unit='KiB'/><line value='64' unit='B'/></cache>"
        "<distances><sibling id='0' value='10'/></distances></cell>",
        "<cell id='0' cpus='0-1' memory='1'/><cell id='1' memory='1' memmapType='spm'/>"
        "<interconnects><latency initiator='0' target='1' type='access' value='10'/>"
        "<bandwidth initiator='0' target='1' cache='1' type='read' value='2' unit='GiB'/></interconnects>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (!validate(cases[i], "", &error))
            g_error("%s: %s", cases[i], error->message);
    }
}

static void
stock_domains_are_valid(void)
{
    static const char *const cases[][2] = {
        { "<cell id='0' cpus='0-1' memory='1' unit='GiB'/>", "" },
        { "<cell id='0' cpus='0-1' memory='1' unit='GiB'/><cell id='1' memory='0'/>",
          "<memory model='dimm' access='shared'><source><pagesize unit='KiB'>2048</pagesize><nodemask>1</nodemask></source>"
          "<target><size unit='KiB'>1048576</size><node>1</node></target><alias name='ua-virtspm-cell1'/></memory>" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (!validate(cases[i][0], cases[i][1], &error))
            g_error("%s: %s", cases[i][0], error->message);
    }
}

static void
wrong_cells_are_still_invalid(void)
{
    static const char *const cases[] = {
        "<cell id='0' memory='1' memmapType='hbm'/>",
        "<cell id='0' memory='1' memmapType='SPM'/>",
        "<cell id='0' memory='1' memmapType=''/>",
        "<cell id='0' memmapType='spm'/>",                                  /* no memory */
        "<cell id='zero' memory='1' memmapType='spm'/>",
        "<cell id='0' memory='1.5' memmapType='spm'/>",
        "<cell id='0' memory='1' unit='pages' memmapType='spm'/>",
        "<cell id='0' memory='1' memAccess='public' memmapType='spm'/>",
        "<cell id='0' memory='1' discard='maybe' memmapType='spm'/>",
        "<cell id='0' memory='1' cpus='a-b' memmapType='spm'/>",
        "<cell id='0' memory='1' memmapType='spm' colour='blue'/>",
        "<cell id='0' memory='1' memmapType='spm'><memmapType/></cell>",
        "<cell id='0' memory='1' memmapType='spm'>text</cell>",
        "<cell id='0' memory='1' memmapType='spm'><distances/></cell>",
        "<cell id='0' memory='1' colour='blue'/>",                          /* and without it */
        "<cell id='0'/>",
        "<cell id='0' memory='1'/><interconnects memmapType='spm'/>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (validate(cases[i], "", &error))
            g_error("%s was taken", cases[i]);
        g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_INVALID_SCHEMA);
    }
}

static void
an_spm_cell_excuses_nothing_else(void)
{
    static const char *const devices[] = {
        "<toaster/>",
        "<memory model='dimm' memmapType='spm'><target><size>1</size><node>1</node></target></memory>",
        "<disk type='file'/>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++) {
        g_autoptr(GError) error = NULL;

        if (validate("<cell id='0' memory='1' memmapType='spm'/>", devices[i], &error))
            g_error("%s was taken", devices[i]);
        assert_refused(&error, SPM_ERROR_XML_INVALID_SCHEMA, "");
    }
}

static void
the_report_names_a_line_and_stays_short(void)
{
    g_autoptr(GError) error = NULL;
    GString *devices = g_string_new(NULL);

    for (guint i = 0; i < 1000; i++)
        g_string_append(devices, "<toaster/>\n");
    g_assert_false(validate("<cell id='0' memory='1' memmapType='spm'/>", devices->str, &error));
    g_assert_cmpint(spm_error_line(error), >, 0);
    g_assert_cmpuint(strlen(error->message), <, 500);
    assert_refused(&error, SPM_ERROR_XML_INVALID_SCHEMA, "(line ");
    g_string_free(devices, TRUE);
}

static void
what_is_not_xml_is_no_matter_of_grammar(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(spm_schema_validate("<domain>", 8, BUILT_SCHEMA, &error));
    assert_refused(&error, SPM_ERROR_XML_DETAIL, "at line 1");
    g_assert_false(spm_schema_validate("<domain>", 8, BUILT_SCHEMA, NULL));
}

static void
a_missing_grammar_is_named(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(spm_schema_validate("<domain/>", 9, "/nonexistent/domain.rng", &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent/domain.rng"));
    assert_refused(&error, SPM_ERROR_INTERNAL, "is virtspm installed whole");
}

/* A grammar with this content in a file; caller removes and frees it. */
static char *
grammar_file(const char *content)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("<grammar xmlns='http://relaxng.org/ns/structure/1.0'>%s</grammar>", content);
    char *path;
    int fd = g_file_open_tmp("grammar-XXXXXX.rng", &path, &error);

    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void
a_broken_grammar_is_named(void)
{
    g_autofree char *path = grammar_file("");
    g_autoptr(GError) error = NULL;

    g_assert_false(spm_schema_validate("<domain/>", 9, path, &error));
    g_remove(path);
    assert_refused(&error, SPM_ERROR_INTERNAL, path);
}

static void
a_grammar_without_libvirts_names_what_is_missing(void)
{
    g_autofree char *path = grammar_file("<include href='/nonexistent/libvirt.rng'/>");
    g_autoptr(GError) error = NULL;

    g_assert_false(spm_schema_validate("<domain/>", 9, path, &error));
    g_remove(path);
    assert_refused(&error, SPM_ERROR_INTERNAL, "/nonexistent/libvirt.rng");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_file_test(LIBVIRT_SCHEMA, G_FILE_TEST_EXISTS)) {
        g_print("1..0 # SKIP libvirt's grammar is not installed: there is no " LIBVIRT_SCHEMA "\n");
        return 0;
    }
    g_test_add_func("/spm_schema/cells-with-memmap-type-are-valid", cells_with_memmap_type_are_valid);
    g_test_add_func("/spm_schema/stock-domains-are-valid", stock_domains_are_valid);
    g_test_add_func("/spm_schema/wrong-cells-are-still-invalid", wrong_cells_are_still_invalid);
    g_test_add_func("/spm_schema/an-spm-cell-excuses-nothing-else", an_spm_cell_excuses_nothing_else);
    g_test_add_func("/spm_schema/the-report-names-a-line-and-stays-short",
                    the_report_names_a_line_and_stays_short);
    g_test_add_func("/spm_schema/what-is-not-xml-is-no-matter-of-grammar",
                    what_is_not_xml_is_no_matter_of_grammar);
    g_test_add_func("/spm_schema/a-missing-grammar-is-named", a_missing_grammar_is_named);
    g_test_add_func("/spm_schema/a-broken-grammar-is-named", a_broken_grammar_is_named);
    g_test_add_func("/spm_schema/a-grammar-without-libvirts-names-what-is-missing",
                    a_grammar_without_libvirts_names_what_is_missing);
    return g_test_run();
}
