/*
 * Parsing XML from strangers, and editing trees so that they stay readable
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_xml.h"

#include "unit.h"

static xmlDoc *
parse(const char *xml)
{
    g_autoptr(GError) error = NULL;
    xmlDoc *doc = spm_xml_parse(xml, strlen(xml), &error);

    g_assert_no_error(error);
    g_assert_nonnull(doc);
    return doc;
}

static void
assert_document(const xmlDoc *doc, const char *expected)
{
    g_autofree char *text = spm_xml_format(doc, '\'');

    g_assert_cmpstr(text, ==, expected);
}

static void
what_is_not_xml_is_refused_with_its_line(void)
{
    static const struct {
        const char *xml;
        int line;
    } cases[] = {
        { "<a>", 1 },
        { "<a>\n<b>\n</a>", 3 },
        { "<a b='1' b='2'/>", 1 },
        { "<a>\n&undefined;</a>", 2 },
        { "<a/>\n<b/>", 2 },
        { "\n\nhello", 3 },
        { "<a \xff='1'/>", 1 },
        { "<a/>\n\n<", 3 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        xmlDoc *doc = spm_xml_parse(cases[i].xml, strlen(cases[i].xml), &error);
        g_autofree char *at = g_strdup_printf("at line %d: ", cases[i].line);

        if (doc)
            g_error("'%s' was taken", cases[i].xml);
        g_assert_cmpint(spm_error_line(error), ==, cases[i].line);
        assert_refused(&error, SPM_ERROR_XML_DETAIL, at);
    }
}

static void
nothing_is_not_xml(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_xml_parse("", 0, &error));
    assert_refused(&error, SPM_ERROR_XML_DETAIL, "empty");
    g_assert_null(spm_xml_parse(" \n ", 3, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
}

static void
a_nul_byte_is_refused_wherever_it_is(void)
{
    static const char in_text[] = "<a>x\0y</a>";
    static const char behind[] = "<a/>\0";
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_xml_parse(in_text, sizeof in_text - 1, &error));
    assert_refused(&error, SPM_ERROR_XML_DETAIL, "NUL");
    g_assert_null(spm_xml_parse(behind, sizeof behind - 1, &error));
    assert_refused(&error, SPM_ERROR_XML_DETAIL, "NUL");
    /* What follows the given length is not looked at. */
    xmlFreeDoc(spm_xml_parse(behind, 4, &error));
    g_assert_no_error(error);
}

/* "<a>xxx...</a>" of exactly this many bytes. */
static char *
document_of(gsize length)
{
    char *xml = g_malloc(length + 1);

    memset(xml, 'x', length);
    memcpy(xml, "<a>", 3);
    memcpy(xml + length - 4, "</a>", 5);
    return xml;
}

static void
length_ends_where_libvirts_strings_end(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *longest = document_of(SPM_XML_MAX);
    g_autofree char *longer = document_of(SPM_XML_MAX + 1);

    xmlFreeDoc(spm_xml_parse(longest, SPM_XML_MAX, &error));
    g_assert_no_error(error);
    g_assert_null(spm_xml_parse(longer, SPM_XML_MAX + 1, &error));
    assert_refused(&error, SPM_ERROR_XML_DETAIL, "4194305 bytes, more than the 4194304");
}

static void
depth_is_limited(void)
{
    g_autoptr(GError) error = NULL;
    GString *xml = g_string_new(NULL);

    for (guint i = 0; i < 500000; i++)
        g_string_append(xml, "<a>");
    g_assert_null(spm_xml_parse(xml->str, xml->len, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
    g_string_free(xml, TRUE);
}

static void
a_dtd_is_refused(void)
{
    static const char *const cases[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1:1/x.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ATTLIST a memmapType CDATA 'spm'>]><a/>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (spm_xml_parse(cases[i], strlen(cases[i]), &error))
            g_error("%s was taken", cases[i]);
        assert_refused(&error, SPM_ERROR_XML_DETAIL, "DTD");
    }
}

static void
an_entity_bomb_does_not_go_off(void)
{
    GString *xml = g_string_new("<!DOCTYPE a [<!ENTITY e0 'boom'>");
    g_autoptr(GError) error = NULL;

    /* 4 bytes times 10 to the 30th, if anybody expanded it. */
    for (guint i = 1; i <= 30; i++) {
        g_string_append_printf(xml, "<!ENTITY e%u '", i);
        for (guint j = 0; j < 10; j++)
            g_string_append_printf(xml, "&e%u;", i - 1);
        g_string_append(xml, "'>");
    }
    g_string_append(xml, "]><a b='&e30;'>&e30;</a>");
    g_assert_null(spm_xml_parse(xml->str, xml->len, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
    g_string_free(xml, TRUE);
}

static void
a_thousand_errors_are_one_error(void)
{
    GString *xml = g_string_new("<a>");
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 100000; i++)
        g_string_append(xml, "&nope;");
    g_assert_null(spm_xml_parse(xml->str, xml->len, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
    g_assert_cmpuint(strlen(error->message), <, 200);
    g_string_free(xml, TRUE);
}

static void
other_encodings_come_in_as_utf8(void)
{
    g_autoptr(xmlDoc) doc =
        parse("<?xml version='1.0' encoding='ISO-8859-1'?><name>gr\xfc\xdf" "e</name>");
    g_autofree char *text = spm_xml_text(xmlDocGetRootElement(doc));

    g_assert_cmpstr(text, ==, "grüße");
}

static void
an_error_knows_the_line_of_its_node(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>\n\n<b/></a>");
    g_autoptr(GError) error = NULL;

    spm_xml_error(&error, spm_xml_child(xmlDocGetRootElement(doc), "b"), SPM_ERROR_XML, "cell %d", 7);
    g_assert_cmpint(spm_error_line(error), ==, 3);
    assert_refused(&error, SPM_ERROR_XML, "cell 7");
    spm_xml_error(&error, NULL, SPM_ERROR_XML, "nowhere");
    g_assert_cmpint(spm_error_line(error), ==, 0);
    spm_xml_error(NULL, NULL, SPM_ERROR_XML, "nobody listens");
}

static void
lines_beyond_64k_are_still_right(void)
{
    GString *xml = g_string_new("<a>");
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 1; i < 100000; i++)
        g_string_append_c(xml, '\n');
    g_string_append(xml, "<b>x</b></a>");
    doc = parse(xml->str);
    spm_xml_error(&error, spm_xml_child(xmlDocGetRootElement(doc), "b"), SPM_ERROR_XML, "here");
    g_assert_cmpint(spm_error_line(error), ==, 100000);
    g_string_free(xml, TRUE);
}

static void
children_are_found_by_name_and_namespace(void)
{
    g_autoptr(xmlDoc) doc = parse("<a xmlns:x='urn:x'><!-- b --><x:b n='0'/>t<b n='1'/><c/><b n='2'/></a>");
    const xmlNode *root = xmlDocGetRootElement(doc);
    const xmlNode *first = spm_xml_child(root, "b");
    const xmlNode *second = spm_xml_next(first, "b");
    const xmlNode *theirs = spm_xml_child_ns(root, "b", "urn:x");
    g_autofree char *one = spm_xml_attr(first, "n");
    g_autofree char *two = spm_xml_attr(second, "n");
    g_autofree char *zero = spm_xml_attr(theirs, "n");

    g_assert_cmpstr(one, ==, "1");
    g_assert_cmpstr(two, ==, "2");
    g_assert_cmpstr(zero, ==, "0");
    g_assert_null(spm_xml_next(second, "b"));
    g_assert_null(spm_xml_next_ns(theirs, "b", "urn:x"));
    g_assert_null(spm_xml_child(root, "d"));
    g_assert_null(spm_xml_child(NULL, "b"));
    g_assert_true(spm_xml_is(first, "b"));
    g_assert_false(spm_xml_is(theirs, "b"));
    g_assert_true(spm_xml_is_ns(theirs, NULL, "urn:x"));
    g_assert_false(spm_xml_is(NULL, "b"));
    g_assert_false(spm_xml_is(root->children, "b"));
}

static void
attributes_of_other_namespaces_are_not_ours(void)
{
    g_autoptr(xmlDoc) doc = parse("<a xmlns:x='urn:x' x:memmapType='spm' id='1'/>");
    xmlNode *root = xmlDocGetRootElement(doc);
    g_autofree char *value = NULL;

    g_assert_false(spm_xml_has_attr(root, "memmapType"));
    g_assert_null(spm_xml_attr(root, "memmapType"));
    spm_xml_set_attr(root, "memmapType", "normal");
    value = spm_xml_attr(root, "memmapType");
    g_assert_cmpstr(value, ==, "normal");
    spm_xml_del_attr(root, "memmapType");
    spm_xml_del_attr(root, "memmapType");
    spm_xml_set_attr(root, "id", "<&'\">");
    assert_document(doc, "<a x:memmapType='spm' id='&lt;&amp;&apos;\"&gt;' xmlns:x='urn:x'/>\n");
}

static void
an_attribute_is_compared_and_numbered(void)
{
    g_autoptr(xmlDoc) doc = parse("<a b='1&lt;2' c='' x:d='1' xmlns:x='urn:x'/>");
    xmlNode *root = xmlDocGetRootElement(doc);

    g_assert_true(spm_xml_attr_is(root, "b", "1<2"));
    g_assert_false(spm_xml_attr_is(root, "b", "1"));
    g_assert_false(spm_xml_attr_is(root, "b", NULL));
    g_assert_true(spm_xml_attr_is(root, "c", ""));
    g_assert_true(spm_xml_attr_is(root, "d", NULL));
    g_assert_false(spm_xml_attr_is(root, "d", ""));
    spm_xml_set_number(root, "b", 0);
    g_assert_true(spm_xml_attr_is(root, "b", "0"));
    spm_xml_set_number(root, "d", G_MAXUINT64);
    g_assert_true(spm_xml_attr_is(root, "d", "18446744073709551615"));
}

static void
text_is_stripped_and_replaced_whole(void)
{
    g_autoptr(xmlDoc) doc = parse("<a><b> x<![CDATA[<y>]]>&amp;z\n</b><c/></a>");
    xmlNode *b = spm_xml_child(xmlDocGetRootElement(doc), "b");
    g_autofree char *text = spm_xml_text(b);
    g_autofree char *none = spm_xml_text(spm_xml_child(xmlDocGetRootElement(doc), "c"));

    g_assert_cmpstr(text, ==, "x<y>&z");
    g_assert_cmpstr(none, ==, "");
    g_assert_null(spm_xml_text(NULL));
    spm_xml_set_text(b, "a<b & c");
    assert_document(doc, "<a><b>a&lt;b &amp; c</b><c/></a>\n");
}

static void
a_new_child_gets_a_line_like_its_neighbours(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>\n    <b/>\n    <d/>\n</a>");
    xmlNode *root = xmlDocGetRootElement(doc);

    spm_xml_add(root, spm_xml_child(root, "d"), NULL, "c", NULL);
    spm_xml_add(root, spm_xml_child(root, "b"), NULL, "first", "1 < 2");
    spm_xml_add(root, NULL, NULL, "last", NULL);
    assert_document(doc, "<a>\n"
                         "    <first>1 &lt; 2</first>\n"
                         "    <b/>\n"
                         "    <c/>\n"
                         "    <d/>\n"
                         "    <last/>\n"
                         "</a>\n");
}

static void
the_first_child_opens_its_parent(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>\n  <b/>\n</a>");
    xmlNode *b = spm_xml_child(xmlDocGetRootElement(doc), "b");

    spm_xml_add(spm_xml_add(b, NULL, NULL, "c", NULL), NULL, NULL, "d", NULL);
    assert_document(doc, "<a>\n"
                         "  <b>\n"
                         "    <c>\n"
                         "      <d/>\n"
                         "    </c>\n"
                         "  </b>\n"
                         "</a>\n");
}

static void
a_document_on_one_line_stays_on_one(void)
{
    g_autoptr(xmlDoc) doc = parse("<a><b/></a>");
    xmlNode *root = xmlDocGetRootElement(doc);

    spm_xml_add(root, NULL, NULL, "c", NULL);
    spm_xml_add(spm_xml_child(root, "b"), NULL, NULL, "d", NULL);
    assert_document(doc, "<a><b><d/></b><c/></a>\n");
}

static void
comments_keep_their_lines(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>\n  <!-- one -->\n  <b/>\n  <!-- two -->\n</a>");
    xmlNode *root = xmlDocGetRootElement(doc);

    spm_xml_add(root, NULL, NULL, "c", NULL);
    spm_xml_remove(spm_xml_child(root, "b"));
    assert_document(doc, "<a>\n  <!-- one -->\n  <!-- two -->\n  <c/>\n</a>\n");
}

static void
removal_undoes_insertion(void)
{
    static const char xml[] = "<a>\n  <b/>\n\n  <c/>\n</a>\n";
    g_autoptr(xmlDoc) doc = parse(xml);
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *c = spm_xml_child(root, "c");

    spm_xml_remove(spm_xml_add(root, c, NULL, "x", NULL));
    spm_xml_remove(spm_xml_add(root, NULL, NULL, "x", NULL));
    spm_xml_remove(spm_xml_add(c, NULL, NULL, "x", NULL));
    assert_document(doc, xml);
}

static void
an_element_left_empty_closes_itself(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>\n  <b>\n    <c/>\n  </b>\n</a>");
    xmlNode *b = spm_xml_child(xmlDocGetRootElement(doc), "b");
    xmlNode *c = spm_xml_child(b, "c");

    spm_xml_unlink(c);
    g_assert_null(c->parent);
    assert_document(doc, "<a>\n  <b/>\n</a>\n");
    spm_xml_insert(b, NULL, c);
    assert_document(doc, "<a>\n  <b>\n    <c/>\n  </b>\n</a>\n");
}

static void
reindenting_follows_the_place_of_the_element(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>\n    <b><c x='1'><d/></c>\n\n<!-- e --><f>text<g/></f></b>\n</a>");
    g_autoptr(xmlDoc) line = parse("<a><b><c/> <d/></b></a>");

    spm_xml_reindent(spm_xml_child(xmlDocGetRootElement(doc), "b"));
    assert_document(doc, "<a>\n"
                         "    <b>\n"
                         "      <c x='1'>\n"
                         "        <d/>\n"
                         "      </c>\n"
                         "      <!-- e -->\n"
                         "      <f>text<g/></f>\n"
                         "    </b>\n"
                         "</a>\n");
    spm_xml_reindent(spm_xml_child(xmlDocGetRootElement(line), "b"));
    assert_document(line, "<a><b><c/> <d/></b></a>\n");
}

static void
text_beside_an_element_survives_its_removal(void)
{
    g_autoptr(xmlDoc) doc = parse("<a>one<b/>two</a>");
    xmlNode *root = xmlDocGetRootElement(doc);

    spm_xml_remove(spm_xml_child(root, "b"));
    assert_document(doc, "<a>onetwo</a>\n");
    g_assert_false(spm_xml_is_blank(root));
}

static void
blank_means_nothing_but_space(void)
{
    g_autoptr(xmlDoc) doc = parse("<a><b/><b> \n </b><b><!-- --></b><b>x</b><b><c/></b><b><![CDATA[ ]]></b></a>");
    const xmlNode *b = spm_xml_child(xmlDocGetRootElement(doc), "b");
    static const gboolean expected[] = { TRUE, TRUE, FALSE, FALSE, FALSE, FALSE };

    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++, b = spm_xml_next(b, "b"))
        g_assert_cmpint(spm_xml_is_blank(b), ==, expected[i]);
    g_assert_null(b);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm_xml/what-is-not-xml-is-refused-with-its-line",
                    what_is_not_xml_is_refused_with_its_line);
    g_test_add_func("/spm_xml/nothing-is-not-xml", nothing_is_not_xml);
    g_test_add_func("/spm_xml/a-nul-byte-is-refused-wherever-it-is",
                    a_nul_byte_is_refused_wherever_it_is);
    g_test_add_func("/spm_xml/length-ends-where-libvirts-strings-end",
                    length_ends_where_libvirts_strings_end);
    g_test_add_func("/spm_xml/depth-is-limited", depth_is_limited);
    g_test_add_func("/spm_xml/a-dtd-is-refused", a_dtd_is_refused);
    g_test_add_func("/spm_xml/an-entity-bomb-does-not-go-off", an_entity_bomb_does_not_go_off);
    g_test_add_func("/spm_xml/a-thousand-errors-are-one-error", a_thousand_errors_are_one_error);
    g_test_add_func("/spm_xml/other-encodings-come-in-as-utf8", other_encodings_come_in_as_utf8);
    g_test_add_func("/spm_xml/an-error-knows-the-line-of-its-node",
                    an_error_knows_the_line_of_its_node);
    g_test_add_func("/spm_xml/lines-beyond-64k-are-still-right", lines_beyond_64k_are_still_right);
    g_test_add_func("/spm_xml/children-are-found-by-name-and-namespace",
                    children_are_found_by_name_and_namespace);
    g_test_add_func("/spm_xml/attributes-of-other-namespaces-are-not-ours",
                    attributes_of_other_namespaces_are_not_ours);
    g_test_add_func("/spm_xml/an-attribute-is-compared-and-numbered",
                    an_attribute_is_compared_and_numbered);
    g_test_add_func("/spm_xml/text-is-stripped-and-replaced-whole",
                    text_is_stripped_and_replaced_whole);
    g_test_add_func("/spm_xml/a-new-child-gets-a-line-like-its-neighbours",
                    a_new_child_gets_a_line_like_its_neighbours);
    g_test_add_func("/spm_xml/the-first-child-opens-its-parent", the_first_child_opens_its_parent);
    g_test_add_func("/spm_xml/a-document-on-one-line-stays-on-one",
                    a_document_on_one_line_stays_on_one);
    g_test_add_func("/spm_xml/comments-keep-their-lines", comments_keep_their_lines);
    g_test_add_func("/spm_xml/removal-undoes-insertion", removal_undoes_insertion);
    g_test_add_func("/spm_xml/an-element-left-empty-closes-itself",
                    an_element_left_empty_closes_itself);
    g_test_add_func("/spm_xml/reindenting-follows-the-place-of-the-element",
                    reindenting_follows_the_place_of_the_element);
    g_test_add_func("/spm_xml/text-beside-an-element-survives-its-removal",
                    text_beside_an_element_survives_its_removal);
    g_test_add_func("/spm_xml/blank-means-nothing-but-space", blank_means_nothing_but_space);
    return g_test_run();
}
