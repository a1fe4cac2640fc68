/*
 * libvirt's QEMU namespace: what is put in, and taken out again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_xmlns.h"

#include "domains.h"
#include "qemu/qemu_record.h"

#define NS "http://libvirt.org/schemas/domain/qemu/1.0"
#define BARE "<domain>\n  <name>guest</name>\n</domain>\n"

static void
assert_document(const xmlDoc *doc, const char *expected)
{
    g_autofree char *text = spm_xml_format(doc, '\'');

    g_assert_cmpstr(text, ==, expected);
}

static GPtrArray *
arguments(const char *words)
{
    g_auto(GStrv) split = g_strsplit(words, " ", -1);
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

    for (char **word = split; *word; word++)
        g_ptr_array_add(list, g_strdup(*word));
    return list;
}

static void
what_is_added_reads_like_libvirts_own(void)
{
    g_autoptr(xmlDoc) doc = parse_document(BARE);
    xmlNode *domain = xmlDocGetRootElement(doc);
    xmlNode *record = spm_record_new(doc);
    g_autoptr(GPtrArray) args = arguments("-numa node,nodeid=1");

    spm_qemu_xmlns_add_arguments(domain, record, args);
    spm_qemu_xmlns_delete_capability(domain, record, "thread-context");
    spm_qemu_xmlns_add_override(domain, record, SPM_LOWERING_B, 1);
    assert_document(doc, "<domain xmlns:qemu='" NS "'>\n"
                         "  <name>guest</name>\n"
                         "  <qemu:commandline>\n"
                         "    <qemu:arg value='-numa'/>\n"
                         "    <qemu:arg value='node,nodeid=1'/>\n"
                         "  </qemu:commandline>\n"
                         "  <qemu:capabilities>\n"
                         "    <qemu:del capability='thread-context'/>\n"
                         "  </qemu:capabilities>\n"
                         "  <qemu:override>\n"
                         "    <qemu:device alias='ua-virtspm-cell1'>\n"
                         "      <qemu:frontend>\n"
                         "        <qemu:property name='driver' type='string' value='sp-mem'/>\n"
                         "        <qemu:property name='node' type='unsigned' value='1'/>\n"
                         "        <qemu:property name='slot' type='remove'/>\n"
                         "      </qemu:frontend>\n"
                         "    </qemu:device>\n"
                         "  </qemu:override>\n"
                         "</domain>\n");
    xmlFreeNode(record);
}

static void
taking_ours_out_leaves_the_document_as_it_was(void)
{
    static const char *const cases[] = {
        BARE,
        "<domain xmlns:q='" NS "'>\n  <q:commandline>\n    <q:arg value='-numa'/>\n  </q:commandline>\n"
        "  <q:override>\n    <q:device alias='ua-mine'/>\n  </q:override>\n"
        "  <q:capabilities>\n    <q:del capability='usb'/>\n  </q:capabilities>\n</domain>\n",
        "<domain xmlns:qemu='" NS "'>\n  <qemu:commandline/>\n  <qemu:override/>\n  <qemu:capabilities/>\n</domain>\n",
        /* The prefix is taken. */
        "<domain xmlns:qemu='urn:other'>\n  <qemu:x/>\n</domain>\n",
        "<domain xmlns:qemu='" NS "'>\n  <qemu:capabilities>\n    <qemu:del capability='thread-context'/>\n"
        "  </qemu:capabilities>\n</domain>\n",
        /* No element can carry this prefix, though the parser lets it pass. */
        "<domain xmlns:a:b='" NS "'>\n  <name>guest</name>\n</domain>\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = parse_document(cases[i]);
        xmlNode *domain = xmlDocGetRootElement(doc);
        xmlNode *record = spm_record_new(doc);
        g_autoptr(GPtrArray) args = arguments("-numa node,nodeid=1 -numa node,nodeid=2");

        spm_qemu_xmlns_add_arguments(domain, record, args);
        spm_qemu_xmlns_delete_capability(domain, record, "thread-context");
        spm_qemu_xmlns_add_override(domain, record, SPM_LOWERING_A, 1);
        spm_qemu_xmlns_add_override(domain, record, SPM_LOWERING_A, 2);

        g_assert_true(spm_qemu_xmlns_remove_arguments(domain, args));
        spm_qemu_xmlns_restore_capability(domain, record, "thread-context");
        spm_qemu_xmlns_remove_orphans(domain);
        spm_qemu_xmlns_clean(domain, record);
        assert_document(doc, cases[i]);
        xmlFreeNode(record);
    }
}

/* An override that libvirt does not see would leave ordinary memory. */
static void
the_override_is_seen_whatever_is_declared(void)
{
    static const char *const cases[] = {
        BARE,
        "<domain xmlns:qemu='urn:other'/>",
        "<domain xmlns:a:b='" NS "'/>",
        "<domain xmlns:a:b='" NS "'><a:b:override/></domain>",
        "<domain><override xmlns='" NS "'/></domain>",
        "<domain xmlns:q='" NS "'><qemu:override xmlns:qemu='" NS "' xmlns:q='urn:other'/></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = parse_document(cases[i]);
        g_autofree char *alias = spm_qemu_alias(1);
        xmlNode *record = spm_record_new(doc);
        g_autofree char *text = NULL;
        g_autoptr(xmlDoc) again = NULL;
        xmlNode *override;

        spm_qemu_xmlns_add_override(xmlDocGetRootElement(doc), record, SPM_LOWERING_A, 1);
        text = spm_xml_format(doc, '\'');
        again = parse_document(text);
        override = spm_qemu_xmlns_find_override(xmlDocGetRootElement(again), alias);
        g_assert_nonnull(override);
        g_assert_true(spm_qemu_xmlns_override_is_ours(override, SPM_LOWERING_A, 1));
        xmlFreeNode(record);
    }
}

static void
without_a_record_what_is_empty_goes(void)
{
    g_autoptr(xmlDoc) doc = parse_document("<domain xmlns:qemu='" NS "'>\n  <name>guest</name>\n  <qemu:override/>\n</domain>");

    spm_qemu_xmlns_clean(xmlDocGetRootElement(doc), NULL);
    assert_document(doc, BARE);
}

static void
no_arguments_need_no_element(void)
{
    g_autoptr(xmlDoc) doc = parse_document(BARE);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    xmlNode *record = spm_record_new(doc);

    spm_qemu_xmlns_add_arguments(xmlDocGetRootElement(doc), record, none);
    assert_document(doc, BARE);
    g_assert_true(spm_qemu_xmlns_remove_arguments(xmlDocGetRootElement(doc), none));
    xmlFreeNode(record);
}

static void
assert_removed(const char *before, const char *words, const char *after)
{
    g_autofree char *xml = g_strdup_printf("<domain xmlns:qemu='" NS "'><qemu:commandline>%s</qemu:commandline></domain>", before);
    g_autofree char *expected =
        g_strdup_printf("<domain xmlns:qemu='" NS "'><qemu:commandline>%s</qemu:commandline></domain>", after ? after : before);
    g_autoptr(xmlDoc) doc = parse_document(xml);
    g_autoptr(GPtrArray) args = arguments(words);
    g_autofree char *result = NULL;

    g_assert_cmpint(spm_qemu_xmlns_remove_arguments(xmlDocGetRootElement(doc), args), ==, after != NULL);
    result = spm_xml_format(doc, '\'');
    assert_same_document(result, expected);
}

static void
arguments_are_ours_when_they_stand_together_and_in_order(void)
{
    assert_removed("<qemu:arg value='-a'/><qemu:arg value='-numa'/><qemu:arg value='x'/><qemu:arg value='-b'/>", "-numa x",
           "<qemu:arg value='-a'/><qemu:arg value='-b'/>");
    /* The user's come first: ours are the last. */
    assert_removed("<qemu:arg value='-numa'/><qemu:arg value='x'/><!-- end --><qemu:arg value='-numa'/><qemu:arg value='x'/>", "-numa x",
           "<qemu:arg value='-numa'/><qemu:arg value='x'/><!-- end -->");
    assert_removed("<qemu:env name='A'/><qemu:arg value='-numa'/><qemu:env name='B'/><qemu:arg value='x'/>", "-numa x",
           "<qemu:env name='A'/><qemu:env name='B'/>");
    assert_removed("<qemu:arg value='x'/><qemu:arg value='-numa'/>", "-numa x", NULL);
    assert_removed("<qemu:arg value='-numa'/><qemu:arg value='-b'/><qemu:arg value='x'/>", "-numa x", NULL);
    assert_removed("<qemu:arg value='-numa'/>", "-numa x", NULL);
    assert_removed("<qemu:arg/>", "-numa", NULL);
}

static const xmlNode *
override_in(const xmlDoc *doc)
{
    return spm_qemu_xmlns_find_override(xmlDocGetRootElement(doc), "ua-virtspm-cell1");
}

static void
an_override_is_ours_property_for_property(void)
{
    static const struct {
        const char *properties;
        gboolean a, b;
    } cases[] = {
        { "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='slot' type='remove'/>", TRUE, FALSE },
        { "<qemu:property name='slot' type='remove'/><qemu:property name='driver' type='string' value='sp-mem'/>", TRUE, FALSE },
        { "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='node' type='unsigned' value='1'/>"
          "<qemu:property name='slot' type='remove'/>", FALSE, TRUE },
        { "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='node' type='unsigned' value='2'/>"
          "<qemu:property name='slot' type='remove'/>", FALSE, FALSE },
        { "<qemu:property name='driver' type='string' value='sp-mem'/>", FALSE, FALSE },
        { "<qemu:property name='driver' type='string' value='pc-dimm'/><qemu:property name='slot' type='remove'/>", FALSE, FALSE },
        { "<qemu:property name='driver' type='string'/><qemu:property name='slot' type='remove'/>", FALSE, FALSE },
        { "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='slot' type='remove' value='1'/>", FALSE, FALSE },
        { "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='slot' type='remove'/>"
          "<qemu:property name='addr' type='unsigned' value='1'/>", FALSE, FALSE },
        { "", FALSE, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<domain xmlns:qemu='" NS "'><qemu:override><qemu:device/>"
                                               "<qemu:device alias='ua-virtspm-cell1'><qemu:frontend>%s</qemu:frontend></qemu:device>"
                                               "</qemu:override></domain>",
                                               cases[i].properties);
        g_autoptr(xmlDoc) doc = parse_document(xml);

        g_assert_cmpint(spm_qemu_xmlns_override_is_ours(override_in(doc), SPM_LOWERING_A, 1), ==, cases[i].a);
        g_assert_cmpint(spm_qemu_xmlns_override_is_ours(override_in(doc), SPM_LOWERING_B, 1), ==, cases[i].b);
    }
}

static void
values_of_an_override(void)
{
    g_autoptr(xmlDoc) doc =
        parse_document("<domain xmlns:qemu='" NS "'><qemu:override><qemu:device alias='ua-virtspm-cell1'><qemu:frontend>"
                       "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='slot' type='remove'/>"
                       "</qemu:frontend></qemu:device></qemu:override></domain>");
    g_autofree char *driver = spm_qemu_xmlns_override_value(override_in(doc), "driver");

    g_assert_cmpstr(driver, ==, "sp-mem");
    g_assert_null(spm_qemu_xmlns_override_value(override_in(doc), "slot"));
    g_assert_null(spm_qemu_xmlns_override_value(override_in(doc), "node"));
    g_assert_null(spm_qemu_xmlns_find_override(xmlDocGetRootElement(doc), "ua-virtspm-cell2"));
}

static void
only_our_orphans_go(void)
{
    g_autoptr(xmlDoc) doc =
        parse_document("<domain xmlns:qemu='" NS "'><qemu:override><qemu:device alias='ua-virtspm-cell7'/>"
                       "<qemu:device alias='ua-mine'/><qemu:device alias='ua-virtspm-x'/></qemu:override></domain>");

    spm_qemu_xmlns_remove_orphans(xmlDocGetRootElement(doc));
    assert_document(doc, "<domain xmlns:qemu='" NS "'><qemu:override><qemu:device alias='ua-mine'/>"
                         "<qemu:device alias='ua-virtspm-x'/></qemu:override></domain>\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_xmlns/what-is-added-reads-like-libvirts-own",
                    what_is_added_reads_like_libvirts_own);
    g_test_add_func("/qemu_xmlns/taking-ours-out-leaves-the-document-as-it-was",
                    taking_ours_out_leaves_the_document_as_it_was);
    g_test_add_func("/qemu_xmlns/the-override-is-seen-whatever-is-declared",
                    the_override_is_seen_whatever_is_declared);
    g_test_add_func("/qemu_xmlns/without-a-record-what-is-empty-goes",
                    without_a_record_what_is_empty_goes);
    g_test_add_func("/qemu_xmlns/no-arguments-need-no-element", no_arguments_need_no_element);
    g_test_add_func("/qemu_xmlns/arguments-are-ours-when-they-stand-together-and-in-order",
                    arguments_are_ours_when_they_stand_together_and_in_order);
    g_test_add_func("/qemu_xmlns/an-override-is-ours-property-for-property",
                    an_override_is_ours_property_for_property);
    g_test_add_func("/qemu_xmlns/values-of-an-override", values_of_an_override);
    g_test_add_func("/qemu_xmlns/only-our-orphans-go", only_our_orphans_go);
    return g_test_run();
}
