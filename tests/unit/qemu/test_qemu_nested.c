/*
 * Domains inside of other documents: taken out, translated, put back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "domains.h"
#include "qemu/qemu_nested.h"
#include "util/spm_error.h"

static char *
lowered_domain(void)
{
    g_autoptr(SpmQemuCaps) qemu = spm_qemu_caps_assume("sp-mem", NULL);
    g_autoptr(GError) error = NULL;
    SpmLoweringContext context = { .qemu = qemu, .memoryless_cells = TRUE };
    char *text = spm_domain_lower(USER_DOMAIN, strlen(USER_DOMAIN), &context, &error);

    g_assert_no_error(error);
    return text;
}

/* The same domain under another name, as libvirt writes it in a snapshot. */
static char *
as_inactive(const char *domain)
{
    g_auto(GStrv) start = g_strsplit(domain, "<domain ", 2);
    g_autofree char *opened = g_strjoinv("<inactiveDomain ", start);
    g_auto(GStrv) end = g_strsplit(opened, "</domain>", 2);

    return g_strjoinv("</inactiveDomain>", end);
}

static void
a_domain_is_its_own_document(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNested) nested = spm_nested_parse(USER_DOMAIN, strlen(USER_DOMAIN), &error);
    g_autofree char *same = NULL;
    g_autofree char *other = NULL;
    gsize length;

    g_assert_no_error(error);
    g_assert_cmpuint(spm_nested_count(nested), ==, 1);
    g_assert_cmpstr(spm_nested_text(nested, 0, &length), ==, USER_DOMAIN);
    g_assert_cmpuint(length, ==, strlen(USER_DOMAIN));
    same = spm_nested_format(nested);
    g_assert_cmpstr(same, ==, USER_DOMAIN);
    g_assert_true(spm_nested_put(nested, 0, "<domain>  </domain>", &error));
    other = spm_nested_format(nested);
    g_assert_cmpstr(other, ==, "<domain>  </domain>");
}

#define AROUND(inside)                                                                       \
    "<domainsnapshot>\n  <!-- mine -->\n  <name>s</name>\n  <cookie  what=\"it's\"/>\n  " inside \
    "\n</domainsnapshot>\n"

static void
what_is_around_stays(void)
{
    static const char before[] = AROUND("<domain type='a'><name>x</name></domain><inactiveDomain/>");
    static const char after[] =
        "<domainsnapshot>\n  <!-- mine -->\n  <name>s</name>\n  <cookie what=\"it's\"/>\n  "
        "<domain type=\"b\"/><inactiveDomain><name>y</name></inactiveDomain>\n</domainsnapshot>\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNested) nested = spm_nested_parse(before, strlen(before), &error);
    g_autofree char *untouched = NULL;
    g_autofree char *text = NULL;
    gsize length;

    g_assert_no_error(error);
    g_assert_cmpuint(spm_nested_count(nested), ==, 2);
    g_assert_cmpstr(spm_nested_text(nested, 0, &length), ==,
                    "<domain type=\"a\"><name>x</name></domain>");
    g_assert_cmpstr(spm_nested_text(nested, 1, &length), ==, "<domain/>");
    untouched = spm_nested_format(nested);
    g_assert_cmpstr(untouched, ==, before);
    g_assert_true(spm_nested_put(nested, 0, "<domain type='b'/>", &error));
    g_assert_true(spm_nested_put(nested, 1, "<domain><name>y</name></domain>", &error));
    text = spm_nested_format(nested);
    g_assert_cmpstr(text, ==, after);
}

static void
other_documents_have_no_domains(void)
{
    static const char *const documents[] = {
        "<network><domain name='x'/></network>", "<domainbackup><domain/></domainbackup>",
        "<domainsnapshot><metadata><domain/></metadata></domainsnapshot>",
        "<domainsnapshot xmlns:x='urn:x'><x:domain/></domainsnapshot>",
    };

    for (guint i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(SpmNested) nested =
            spm_nested_parse(documents[i], strlen(documents[i]), NULL);

        g_assert_cmpuint(spm_nested_count(nested), ==, 0);
    }
}

/* libvirt would read it all the same. */
static void
a_namespace_of_the_root_is_refused(void)
{
    static const char document[] = "<x:domain xmlns:x='urn:x'><name>x</name></x:domain>";
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_nested_parse(document, strlen(document), &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML);
}

static void
every_domain_in_a_document_is_raised(void)
{
    g_autofree char *stock = lowered_domain();
    g_autofree char *inactive = as_inactive(stock);
    g_autofree char *user_inactive = as_inactive(USER_DOMAIN);
    const struct {
        const char *root;
        const char *inactive, *user_inactive;
    } cases[] = {
        { "domainsnapshot", inactive, user_inactive },
        { "domaincheckpoint", "", "" },
        { "qemu-migration", "", "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *root = cases[i].root;
        g_autofree char *document = g_strdup_printf("<%s><name>s</name>%s%s</%s>", root, stock,
                                                    cases[i].inactive, root);
        g_autofree char *expected = g_strdup_printf("<%s><name>s</name>%s%s</%s>", root, USER_DOMAIN,
                                                    cases[i].user_inactive, root);
        g_autoptr(GError) error = NULL;
        g_autofree char *raised = spm_nested_raise(document, strlen(document), &error);
        g_autoptr(xmlDoc) a = NULL;
        g_autoptr(xmlDoc) b = parse_document(expected);
        g_autofree char *where = NULL;

        g_assert_no_error(error);
        a = parse_document(raised);
        if (!spm_xml_equal(a, b, &where))
            g_error("differs at %s:\n%s", where, raised);
    }
}

/* lower(raise(y)) == y, where y is inside of something. */
static void
there_and_back(void)
{
    g_autofree char *stock = lowered_domain();
    g_autofree char *inactive = as_inactive(stock);
    g_autofree char *document = g_strconcat("<domainsnapshot>\n  <name>s</name>\n", stock, inactive,
                                            "</domainsnapshot>\n", NULL);
    g_autofree char *raised = spm_nested_raise(document, strlen(document), NULL);
    g_autoptr(SpmNested) nested = spm_nested_parse(raised, strlen(raised), NULL);
    g_autoptr(SpmQemuCaps) qemu = spm_qemu_caps_assume("sp-mem", NULL);
    SpmLoweringContext context = { .qemu = qemu, .memoryless_cells = TRUE };
    g_autofree char *again = NULL;

    g_assert_cmpstr(raised, !=, document);
    for (guint i = 0; i < spm_nested_count(nested); i++) {
        g_autoptr(GError) error = NULL;
        gsize length;
        const char *text = spm_nested_text(nested, i, &length);
        g_autofree char *lowered = spm_domain_lower(text, length, &context, &error);

        g_assert_no_error(error);
        g_assert_true(spm_nested_put(nested, i, lowered, &error));
    }
    again = spm_nested_format(nested);
    g_assert_cmpstr(again, ==, document);
}

static void
stock_documents_come_back_byte_for_byte(void)
{
    static const char document[] = "<domainsnapshot ><name>ua-virtspm-</name><domain  type=\"a\"/>"
                                   "</domainsnapshot>";
    g_autofree char *same = spm_nested_raise(document, strlen(document), NULL);

    g_assert_cmpstr(same, ==, document);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add_func("/qemu_nested/" #name, name)
    CASE(a_domain_is_its_own_document);
    CASE(what_is_around_stays);
    CASE(other_documents_have_no_domains);
    CASE(a_namespace_of_the_root_is_refused);
    CASE(every_domain_in_a_document_is_raised);
    CASE(there_and_back);
    CASE(stock_documents_come_back_byte_for_byte);
    return g_test_run();
}
