/*
 * Errors: libvirt's numbers, libvirt's headings, and the line of the document
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_error.h"

#include "unit.h"

static void
codes_are_those_of_libvirt(void)
{
    /* virErrorNumber in libvirt/virterror.h: clients compare these. */
    g_assert_cmpint(SPM_ERROR_INTERNAL, ==, 1);
    g_assert_cmpint(SPM_ERROR_NO_SUPPORT, ==, 3);
    g_assert_cmpint(SPM_ERROR_INVALID_ARG, ==, 8);
    g_assert_cmpint(SPM_ERROR_OPERATION_FAILED, ==, 9);
    g_assert_cmpint(SPM_ERROR_XML, ==, 27);
    g_assert_cmpint(SPM_ERROR_OPERATION_DENIED, ==, 29);
    g_assert_cmpint(SPM_ERROR_XML_DETAIL, ==, 35);
    g_assert_cmpint(SPM_ERROR_SYSTEM, ==, 38);
    g_assert_cmpint(SPM_ERROR_RPC, ==, 39);
    g_assert_cmpint(SPM_ERROR_AUTH_FAILED, ==, 45);
    g_assert_cmpint(SPM_ERROR_OPERATION_INVALID, ==, 55);
    g_assert_cmpint(SPM_ERROR_CONFIG_UNSUPPORTED, ==, 67);
    g_assert_cmpint(SPM_ERROR_AUTH_CANCELLED, ==, 79);
    g_assert_cmpint(SPM_ERROR_OPERATION_UNSUPPORTED, ==, 84);
    g_assert_cmpint(SPM_ERROR_RESOURCE_BUSY, ==, 87);
    g_assert_cmpint(SPM_ERROR_XML_INVALID_SCHEMA, ==, 92);
    g_assert_cmpint(SPM_ERROR_AUTH_UNAVAILABLE, ==, 94);
}

static void
every_code_has_its_heading(void)
{
    static const struct {
        int code;
        const char *text;
    } cases[] = {
        { SPM_ERROR_INTERNAL, "internal error: boo" },
        { SPM_ERROR_NO_SUPPORT, "this function is not supported by the connection driver: boo" },
        { SPM_ERROR_INVALID_ARG, "invalid argument: boo" },
        { SPM_ERROR_OPERATION_FAILED, "operation failed: boo" },
        { SPM_ERROR_XML, "XML error: boo" },
        { SPM_ERROR_OPERATION_DENIED, "operation forbidden: boo" },
        { SPM_ERROR_XML_DETAIL, "boo" },
        { SPM_ERROR_SYSTEM, "boo" },
        { SPM_ERROR_RPC, "boo" },
        { SPM_ERROR_AUTH_FAILED, "authentication failed: boo" },
        { SPM_ERROR_AUTH_CANCELLED, "authentication cancelled: boo" },
        { SPM_ERROR_AUTH_UNAVAILABLE, "authentication unavailable: boo" },
        { SPM_ERROR_OPERATION_INVALID, "Requested operation is not valid: boo" },
        { SPM_ERROR_CONFIG_UNSUPPORTED, "unsupported configuration: boo" },
        { SPM_ERROR_OPERATION_UNSUPPORTED, "Operation not supported: boo" },
        { SPM_ERROR_RESOURCE_BUSY, "resource busy: boo" },
        { SPM_ERROR_XML_INVALID_SCHEMA, "XML document failed to validate against schema: boo" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, cases[i].code, "boo");
        g_autofree char *text = spm_error_text(error);

        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpint(spm_error_number(error), ==, cases[i].code);
    }
}

static void
unknown_code_has_the_heading_of_an_internal_error(void)
{
    g_assert_cmpstr(spm_error_heading(4711), ==, "internal error: %1$s");
    g_assert_cmpstr(spm_error_heading(-1), ==, "internal error: %1$s");
}

static void
error_of_another_domain_is_internal_and_has_no_line(void)
{
    g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no file");
    g_autofree char *text = NULL;

    spm_error_set_line(error, 7);
    g_assert_cmpint(spm_error_line(error), ==, 0);
    g_assert_cmpint(spm_error_number(error), ==, SPM_ERROR_INTERNAL);
    text = spm_error_text(error);
    g_assert_cmpstr(text, ==, "internal error: no file");
}

static void
message_is_never_a_format(void)
{
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML, "%s %n %1$s 100%");
    g_autofree char *text = spm_error_text(error);

    g_assert_cmpstr(text, ==, "XML error: %s %n %1$s 100%");
}

static void
line_survives_a_copy(void)
{
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML, "boo");
    g_autoptr(GError) copy = NULL;

    g_assert_cmpint(spm_error_line(error), ==, 0);
    spm_error_set_line(error, 42);
    copy = g_error_copy(error);
    g_assert_cmpint(spm_error_line(copy), ==, 42);
    g_assert_cmpint(spm_error_line(error), ==, 42);
}

static void
no_error_has_no_line_to_set(void)
{
    spm_error_set_line(NULL, 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm_error/codes-are-those-of-libvirt", codes_are_those_of_libvirt);
    g_test_add_func("/spm_error/every-code-has-its-heading", every_code_has_its_heading);
    g_test_add_func("/spm_error/unknown-code-has-the-heading-of-an-internal-error",
                    unknown_code_has_the_heading_of_an_internal_error);
    g_test_add_func("/spm_error/error-of-another-domain-is-internal-and-has-no-line",
                    error_of_another_domain_is_internal_and_has_no_line);
    g_test_add_func("/spm_error/message-is-never-a-format", message_is_never_a_format);
    g_test_add_func("/spm_error/line-survives-a-copy", line_survives_a_copy);
    g_test_add_func("/spm_error/no-error-has-no-line-to-set", no_error_has_no_line_to_set);
    return g_test_run();
}
