/*
 * The entrance: which documents are translated at all
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_domain.h"

#include "domains.h"

/* A domain without SPM, written so that any rewriting would show. */
#define STOCK "<domain  type=\"kvm\" ><name>a</name>\n\n<cpu ><numa><cell memory='1'\nid='0'/></numa></cpu></domain>"

static gboolean
asks(const char *xml)
{
    g_autoptr(GError) error = NULL;
    gboolean result = spm_domain_asks(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return result;
}

static void
may_ask_looks_for_a_word(void)
{
    g_assert_true(spm_domain_may_ask(USER_DOMAIN, strlen(USER_DOMAIN)));
    g_assert_false(spm_domain_may_ask(STOCK, strlen(STOCK)));
    g_assert_false(spm_domain_may_ask("", 0));
    g_assert_true(spm_domain_may_ask("memmapType", 10));
    /* Not behind the end. */
    g_assert_false(spm_domain_may_ask("memmapType", 9));
}

static void
may_hold_looks_for_what_lowering_leaves(void)
{
    g_autofree char *a = lowered(USER_DOMAIN, TRUE);
    g_autofree char *b = lowered(USER_DOMAIN, FALSE);

    g_assert_true(spm_domain_may_hold(a, strlen(a)));
    g_assert_true(spm_domain_may_hold(b, strlen(b)));
    g_assert_true(spm_domain_may_hold("urn:virtspm:domain:1", 20));
    g_assert_false(spm_domain_may_hold(USER_DOMAIN, strlen(USER_DOMAIN)));
    g_assert_false(spm_domain_may_hold("ua-virtspm-", 10));
}

static void
only_a_cell_with_the_attribute_asks(void)
{
    g_autofree char *normal = edited(USER_DOMAIN, "'spm'", "'normal'");

    g_assert_true(asks(USER_DOMAIN));
    g_assert_true(asks(normal));
    g_assert_false(asks(STOCK));
    g_assert_false(asks("<domain><!-- memmapType --></domain>"));
    g_assert_false(asks("<domain><description>memmapType='spm'</description></domain>"));
    g_assert_false(asks("<domain><metadata><x memmapType='spm'/></metadata></domain>"));
    /* Without the word nobody looks whether it is XML at all. */
    g_assert_false(asks("<domain>"));
}

static void
a_question_in_a_broken_document_is_an_error(void)
{
    static const struct {
        const char *xml;
        int code;
        const char *words;
    } cases[] = {
        { "<domain memmapType", SPM_ERROR_XML_DETAIL, "at line 1" },
        { "<network memmapType='spm'/>", SPM_ERROR_XML, "expecting root element of 'domain', not 'network'" },
        { "<x:domain xmlns:x='urn:x' memmapType='spm'/>", SPM_ERROR_XML, "not 'domain'" },
        { "<domain memmapType='spm'/>", SPM_ERROR_XML, "memmapType on <domain> means nothing" },
        { "<domain><cpu><numa><cell memory='1' memmapType='hbm'/></numa></cpu></domain>", SPM_ERROR_XML, "unknown memmapType 'hbm'" },
        { "<domain><cpu><numa><cell memmapType='spm'/></numa></cpu></domain>", SPM_ERROR_XML, "has no memory attribute" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Host) host = { 0 };
        g_autoptr(GError) error = NULL;

        host_make(&host, TRUE);
        g_assert_false(spm_domain_asks(cases[i].xml, strlen(cases[i].xml), &error));
        assert_refused(&error, cases[i].code, cases[i].words);
        g_assert_null(spm_domain_lower(cases[i].xml, strlen(cases[i].xml), &host.context, &error));
        assert_refused(&error, cases[i].code, cases[i].words);
    }
}

static void
what_asks_for_nothing_comes_back_byte_for_byte(void)
{
    static const char *const cases[] = {
        STOCK, "", "not XML", "<domain>", "<domain><!-- memmapType --></domain>",
        "<domain><cpu><numa><cell/></numa></cpu><!-- memmapType --></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *down = lowered(cases[i], TRUE);

        g_assert_cmpstr(down, ==, cases[i]);
    }
    for (gsize i = 0; i < 4; i++) {
        g_autofree char *up = raised(cases[i]);

        g_assert_cmpstr(up, ==, cases[i]);
    }
}

static void
raising_wants_xml_only_where_it_looks(void)
{
    static const char broken[] = "<domain>ua-virtspm-";
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_domain_raise(broken, strlen(broken), &error));
    assert_refused(&error, SPM_ERROR_XML_DETAIL, "at line 1");
}

static void
the_target_is_what_decides_the_emulator(void)
{
    g_autofree char *xml = edited(USER_DOMAIN, DEVICES, "<devices><emulator> /opt/qemu\n</emulator></devices>");
    g_autofree char *running = edited(USER_DOMAIN, "<domain ", "<domain id='7' ");
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmDomainTarget) target = spm_domain_target_parse(xml, strlen(xml), &error);
    g_autoptr(SpmDomainTarget) active = spm_domain_target_parse(running, strlen(running), &error);
    g_autoptr(SpmDomainTarget) nothing = spm_domain_target_parse("<domain/>", 9, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(target->virt_type, ==, "kvm");
    g_assert_cmpstr(target->arch, ==, "x86_64");
    g_assert_cmpstr(target->machine, ==, "q35");
    g_assert_cmpstr(target->emulator, ==, "/opt/qemu");
    g_assert_false(target->active);
    g_assert_true(active->active);
    g_assert_null(active->emulator);
    g_assert_true(!nothing->virt_type && !nothing->arch && !nothing->machine && !nothing->emulator);
    g_assert_null(spm_domain_target_parse("<pool/>", 7, &error));
    assert_refused(&error, SPM_ERROR_XML, "'pool'");
    g_assert_null(spm_domain_target_parse("<domain", 7, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
}

static void
the_users_style_is_kept(void)
{
    GString *xml = g_string_new(USER_DOMAIN);
    g_autofree char *stock = NULL;
    g_autofree char *user = NULL;

    g_string_replace(xml, "'", "\"", 0);
    g_string_replace(xml, "  <vcpu>", "  <!-- two -->\n\n  <vcpu>", 0);
    stock = lowered(xml->str, TRUE);
    assert_holds(stock, "<!-- two -->");
    assert_holds(stock, "  <name>guest</name>\n");
    assert_lacks(stock, "'");
    user = raised(stock);
    g_assert_cmpstr(user, ==, xml->str);
    g_string_free(xml, TRUE);
}

static void
a_parsed_document_answers_what_its_text_does(void)
{
    g_autoptr(xmlDoc) doc = spm_domain_parse(USER_DOMAIN, strlen(USER_DOMAIN), NULL);
    g_autoptr(xmlDoc) stock = spm_domain_parse(STOCK, strlen(STOCK), NULL);
    g_autoptr(SpmDomainTarget) target = spm_domain_doc_target(doc);
    g_autoptr(SpmDomainTarget) of_text =
        spm_domain_target_parse(USER_DOMAIN, strlen(USER_DOMAIN), NULL);

    g_assert_true(spm_domain_doc_asks(doc, NULL));
    g_assert_false(spm_domain_doc_asks(stock, NULL));
    g_assert_cmpstr(target->virt_type, ==, of_text->virt_type);
    g_assert_cmpstr(target->arch, ==, of_text->arch);
    g_assert_cmpstr(target->machine, ==, of_text->machine);
    g_assert_cmpstr(target->emulator, ==, of_text->emulator);
}

static void
a_checked_document_can_still_be_lowered(void)
{
    for (int memoryless = FALSE; memoryless <= TRUE; memoryless++) {
        g_autoptr(xmlDoc) doc = spm_domain_parse(USER_DOMAIN, strlen(USER_DOMAIN), NULL);
        g_autoptr(SpmQemuCaps) can = spm_qemu_caps_assume("sp-mem", NULL);
        g_autoptr(SpmQemuCaps) cannot = spm_qemu_caps_assume("", NULL);
        g_autofree char *expected = lowered(USER_DOMAIN, memoryless);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;
        SpmLoweringContext context = { .qemu = cannot, .memoryless_cells = TRUE };

        g_assert_false(spm_domain_doc_check(doc, &context, &error));
        g_assert_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
        g_clear_error(&error);
        context.qemu = can;
        g_assert_true(spm_domain_doc_check(doc, &context, &error));
        context.memoryless_cells = memoryless;
        g_assert_true(spm_domain_doc_lower(doc, &context, &error));
        text = spm_xml_format(doc, spm_xml_quote(USER_DOMAIN, strlen(USER_DOMAIN)));
        g_assert_cmpstr(text, ==, expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_domain/may-ask-looks-for-a-word", may_ask_looks_for_a_word);
    g_test_add_func("/qemu_domain/may-hold-looks-for-what-lowering-leaves",
                    may_hold_looks_for_what_lowering_leaves);
    g_test_add_func("/qemu_domain/only-a-cell-with-the-attribute-asks",
                    only_a_cell_with_the_attribute_asks);
    g_test_add_func("/qemu_domain/a-question-in-a-broken-document-is-an-error",
                    a_question_in_a_broken_document_is_an_error);
    g_test_add_func("/qemu_domain/what-asks-for-nothing-comes-back-byte-for-byte",
                    what_asks_for_nothing_comes_back_byte_for_byte);
    g_test_add_func("/qemu_domain/raising-wants-xml-only-where-it-looks",
                    raising_wants_xml_only_where_it_looks);
    g_test_add_func("/qemu_domain/the-target-is-what-decides-the-emulator",
                    the_target_is_what_decides_the_emulator);
    g_test_add_func("/qemu_domain/the-users-style-is-kept", the_users_style_is_kept);
    g_test_add_func("/qemu_domain/a-parsed-document-answers-what-its-text-does",
                    a_parsed_document_answers_what_its_text_does);
    g_test_add_func("/qemu_domain/a-checked-document-can-still-be-lowered",
                    a_checked_document_can_still_be_lowered);
    return g_test_run();
}
