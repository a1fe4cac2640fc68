/*
 * What lowering writes down so that raising can undo it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_record.h"

#include "domains.h"

#define STOCK "<domain>\n  <name>guest</name>\n  <uuid>u</uuid>\n  <vcpu>1</vcpu>\n</domain>\n"

static void
assert_document(const xmlDoc *doc, const char *expected)
{
    g_autofree char *text = spm_xml_format(doc, '\'');

    g_assert_cmpstr(text, ==, expected);
}

static void
a_record_stands_in_metadata_behind_the_names(void)
{
    g_autoptr(xmlDoc) doc = parse_document(STOCK);
    xmlNode *domain = xmlDocGetRootElement(doc);
    xmlNode *record = spm_record_new(doc);

    spm_xml_set_attr(spm_record_add(record, "cell"), "id", "1");
    spm_record_attach(domain, record);
    assert_document(doc, "<domain>\n"
                         "  <name>guest</name>\n"
                         "  <uuid>u</uuid>\n"
                         "  <metadata>\n"
                         "    <virtspm:domain added='metadata' xmlns:virtspm='urn:virtspm:domain:1'>\n"
                         "      <virtspm:cell id='1'/>\n"
                         "    </virtspm:domain>\n"
                         "  </metadata>\n"
                         "  <vcpu>1</vcpu>\n"
                         "</domain>\n");
    spm_record_remove(domain, spm_record_find(domain));
    assert_document(doc, STOCK);
}

static void
the_users_metadata_stays(void)
{
    static const char xml[] = "<domain>\n  <metadata>\n    <x:y xmlns:x='urn:x'/>\n  </metadata>\n</domain>\n";
    g_autoptr(xmlDoc) doc = parse_document(xml);
    xmlNode *domain = xmlDocGetRootElement(doc);
    xmlNode *record = spm_record_new(doc);
    g_autofree char *text = NULL;

    g_assert_null(spm_record_find(domain));
    spm_record_set_added(record, "source");
    spm_record_attach(domain, record);
    text = spm_xml_format(doc, '\'');
    assert_holds(text, "<x:y xmlns:x='urn:x'/>\n    <virtspm:domain added='source'");
    spm_record_remove(domain, spm_record_find(domain));
    assert_document(doc, xml);
}

static void
users_empty_metadata_stays(void)
{
    static const char xml[] = "<domain>\n  <metadata/>\n</domain>\n";
    g_autoptr(xmlDoc) doc = parse_document(xml);
    xmlNode *domain = xmlDocGetRootElement(doc);
    xmlNode *record = spm_record_new(doc);

    spm_record_set_added(record, "source");
    spm_record_attach(domain, record);
    spm_record_remove(domain, spm_record_find(domain));
    assert_document(doc, xml);
}

static void
an_empty_record_leaves_no_trace(void)
{
    g_autoptr(xmlDoc) doc = parse_document(STOCK);

    spm_record_attach(xmlDocGetRootElement(doc), spm_record_new(doc));
    assert_document(doc, STOCK);
}

static void
added_words_are_whole_words(void)
{
    g_autoptr(xmlDoc) doc = parse_document(STOCK);
    xmlNode *record = spm_record_new(doc);

    g_assert_false(spm_record_has_added(record, "source"));
    spm_record_set_added(record, "memoryBacking");
    spm_record_set_added(record, "source");
    g_assert_true(spm_record_has_added(record, "memoryBacking"));
    g_assert_true(spm_record_has_added(record, "source"));
    g_assert_false(spm_record_has_added(record, "memory"));
    g_assert_false(spm_record_has_added(record, "memoryBacking source"));
    g_assert_false(spm_record_has_added(NULL, "source"));
    xmlFreeNode(record);
}

static void
entries_are_found_by_kind_and_cell(void)
{
    g_autoptr(xmlDoc) doc = parse_document(
        "<domain><metadata><v:domain xmlns:v='urn:virtspm:domain:1'>"
        "<cell id='1'/><v:cell id='one'/><v:cell/><v:other/><v:cell id='18446744073709551616'/>"
        "<v:cell id='1' n='first'/><v:cell id='1' n='second'/></v:domain></metadata></domain>");
    const xmlNode *record = spm_record_find(xmlDocGetRootElement(doc));
    g_autofree char *name = spm_xml_attr(spm_record_find_cell(record, 1), "n");
    guint64 number;
    guint count = 0;

    g_assert_cmpstr(name, ==, "first");
    g_assert_null(spm_record_find_cell(record, 2));
    g_assert_null(spm_record_find_cell(NULL, 1));
    g_assert_null(spm_record_first(NULL, "cell"));
    for (const xmlNode *entry = spm_record_first(record, "cell"); entry; entry = spm_record_next(entry))
        count++;
    g_assert_cmpuint(count, ==, 5);
    g_assert_false(spm_record_entry_number(NULL, "id", &number));
    g_assert_false(spm_record_entry_number(spm_record_first(record, "cell"), "id", &number));
}

static void
a_kept_element_is_a_copy(void)
{
    g_autoptr(xmlDoc) doc = parse_document("<domain><numatune><memnode cellid='1'/></numatune></domain>");
    xmlNode *numatune = spm_xml_child(xmlDocGetRootElement(doc), "numatune");
    xmlNode *record = spm_record_new(doc);
    xmlNode *entry = spm_record_keep(record, "numatune", numatune);
    g_autofree char *text = NULL;

    spm_xml_remove(spm_xml_child(numatune, "memnode"));
    text = spm_xml_format_node(spm_record_kept(entry, "numatune"), '\'');
    g_assert_cmpstr(text, ==, "<numatune><memnode cellid='1'/></numatune>");
    g_assert_null(spm_record_kept(entry, "hugepages"));
    g_assert_null(spm_record_kept(NULL, "numatune"));
    xmlFreeNode(record);
}

/* Takes <b> out of <a>, edits <a>, and puts it back; before <c> when the place is lost. */
static void
assert_comes_back(const char *xml, const char *added, const char *expected)
{
    g_autoptr(xmlDoc) doc = parse_document(xml);
    xmlNode *a = xmlDocGetRootElement(doc);
    xmlNode *b = spm_xml_child(a, "b");
    xmlNode *record = spm_record_new(doc);
    xmlNode *entry = spm_record_keep(record, "b", b);

    spm_record_take_out(entry, b);
    g_assert_null(spm_xml_child(a, "b"));
    if (added)
        spm_xml_add(a, a->children, NULL, added, NULL);
    spm_record_put_back(entry, spm_record_kept(entry, "b"), a, spm_xml_child(a, "c"));
    assert_document(doc, expected);
    xmlFreeNode(record);
}

static void
an_element_goes_back_to_its_place(void)
{
    static const char *const cases[] = {
        "<a>\n  <b x='1'/>\n  <c/>\n  <d/>\n</a>\n",
        "<a>\n  <c/>\n  <b x='1'/>\n  <d/>\n</a>\n",
        "<a>\n  <c/>\n  <d/>\n  <b x='1'/>\n</a>\n",
        "<a>\n  <!-- 1 -->\n  <b x='1'/>\n  <!-- 2 -->\n  <c/>\n</a>\n",
        "<a>text<b/>more<c/></a>\n",
        "<a><b/></a>\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_comes_back(cases[i], NULL, cases[i]);
}

static void
an_element_whose_place_is_lost_goes_to_the_usual_one(void)
{
    assert_comes_back("<a>\n  <d/>\n  <c/>\n  <b/>\n</a>\n", "new",
                      "<a>\n  <new/>\n  <d/>\n  <b/>\n  <c/>\n</a>\n");
}

static void
a_forged_place_is_no_place(void)
{
    static const char *const places[] = { "at='7' of='2'", "at='-1' of='2'", "at='18446744073709551615' of='2'",
                                          "of='2'", "at='0'", "at='x' of='2'" };

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *xml = g_strdup_printf("<a><d/><c/><entry %s/></a>", places[i]);
        g_autoptr(xmlDoc) doc = parse_document(xml);
        xmlNode *a = xmlDocGetRootElement(doc);
        xmlNode *entry = spm_xml_child(a, "entry");
        xmlNode *b = xmlNewDocNode(doc, NULL, BAD_CAST "b", NULL);

        spm_xml_unlink(entry);
        spm_record_put_back(entry, b, a, spm_xml_child(a, "c"));
        assert_document(doc, "<a><d/><b/><c/></a>\n");
        xmlFreeNode(entry);
        xmlFreeNode(b);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_record/a-record-stands-in-metadata-behind-the-names",
                    a_record_stands_in_metadata_behind_the_names);
    g_test_add_func("/qemu_record/the-users-metadata-stays", the_users_metadata_stays);
    g_test_add_func("/qemu_record/users-empty-metadata-stays", users_empty_metadata_stays);
    g_test_add_func("/qemu_record/an-empty-record-leaves-no-trace", an_empty_record_leaves_no_trace);
    g_test_add_func("/qemu_record/added-words-are-whole-words", added_words_are_whole_words);
    g_test_add_func("/qemu_record/entries-are-found-by-kind-and-cell", entries_are_found_by_kind_and_cell);
    g_test_add_func("/qemu_record/a-kept-element-is-a-copy", a_kept_element_is_a_copy);
    g_test_add_func("/qemu_record/an-element-goes-back-to-its-place", an_element_goes_back_to_its_place);
    g_test_add_func("/qemu_record/an-element-whose-place-is-lost-goes-to-the-usual-one",
                    an_element_whose_place_is_lost_goes_to_the_usual_one);
    g_test_add_func("/qemu_record/a-forged-place-is-no-place", a_forged_place_is_no_place);
    return g_test_run();
}
