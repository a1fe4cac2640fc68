/*
 * Writing a document back in the style it came in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_xml.h"

#include "unit.h"

static char *
rewrite(const char *xml, char quote)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return spm_xml_format(doc, quote);
}

static void
what_libvirt_writes_comes_back_byte_for_byte(void)
{
    static const char *const cases[] = {
        "<a/>\n",
        "<a x='1' y=''>\n  <b>text</b>\n\t<c/>\n</a>\n",
        "<!-- before -->\n<a><!-- in --></a>\n<!-- after -->\n",
        "<a><?pi?><?pi with='data'?></a>\n",
        "<a><![CDATA[<b> && ]]></a>\n",
        "<a>&lt;b&gt; &amp; 'x' \"y\"</a>\n",
        "<a x='&lt;&gt;&amp;&apos;\"'/>\n",
        "<a x='1&#10;2&#9;3&#13;4'>5&#13;\n6\t7</a>\n",
        "<a>grüße</a>\n",
        "<a><q:b q:x='1' xmlns:q='urn:q'><q:c/></q:b></a>\n",
        "<a xml:space='preserve'> </a>\n",
        "<a> </a>\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = rewrite(cases[i], '\'');

        g_assert_cmpstr(text, ==, cases[i]);
    }
}

static void
double_quotes_stay_double(void)
{
    static const char xml[] = "<a x=\"it's\" y=\"&quot;\"/>\n";
    g_autofree char *text = rewrite(xml, '"');

    g_assert_cmpstr(text, ==, xml);
}

static void
the_first_attribute_tells_the_quote(void)
{
    static const struct {
        const char *xml;
        char quote;
    } cases[] = {
        { "<a x='1' y=\"2\"/>", '\'' },
        { "<a x=\"1\" y='2'/>", '"' },
        { "<?xml version=\"1.0\"?><a/>", '"' },
        { "<a>\"quoted\"</a>", '\'' },
        { "<a/>", '\'' },
        { "", '\'' },
        { "'", '\'' },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(spm_xml_quote(cases[i].xml, strlen(cases[i].xml)), ==, cases[i].quote);
    /* No byte behind the end is looked at. */
    g_assert_cmpint(spm_xml_quote("<a x=\"1\"", 5), ==, '\'');
}

static void
a_declaration_stays_only_where_one_was(void)
{
    g_autofree char *with = rewrite("<?xml version='1.0'?><a/>", '\'');
    g_autofree char *without = rewrite("<a/>", '\'');
    g_autofree char *latin = rewrite("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>", '\'');

    g_assert_cmpstr(with, ==, "<?xml version='1.0' encoding='UTF-8'?>\n<a/>\n");
    g_assert_cmpstr(without, ==, "<a/>\n");
    /* It is UTF-8 now, and says so. */
    g_assert_cmpstr(latin, ==, "<?xml version='1.0' encoding='UTF-8'?>\n<a>ü</a>\n");
}

static void
what_was_written_is_read_as_the_same_document(void)
{
    static const char xml[] =
        "<?xml version='1.0'?><?pi x?><!-- c --><a a='&#10;&#9;&#13; &lt;' b=\"'&quot;\" "
        "xmlns='urn:d' xmlns:p='urn:p' p:c='1'> t&#13;&gt; <![CDATA[]]]]><![CDATA[>]]><p:b/>"
        "<b xmlns=''>]]&gt;</b></a><!-- end -->";

    for (const char *quote = "'\""; *quote; quote++) {
        g_autofree char *once = rewrite(xml, *quote);
        g_autofree char *twice = rewrite(once, *quote);
        g_autoptr(xmlDoc) before = spm_xml_parse(xml, strlen(xml), NULL);
        g_autoptr(xmlDoc) after = spm_xml_parse(once, strlen(once), NULL);
        g_autofree char *where = NULL;

        g_assert_cmpstr(once, ==, twice);
        if (!spm_xml_equal(before, after, &where))
            g_error("%s differs at %s", once, where);
    }
}

static void
an_ampersand_in_a_namespace_comes_back(void)
{
    static const char xml[] = "<a xmlns:p='urn:p?a&amp;b=&lt;&amp;amp;' xmlns:q='urn:q'><p:b/></a>\n";
    g_autofree char *text = rewrite(xml, '\'');

    g_assert_cmpstr(text, ==, xml);
}

static void
a_node_is_written_by_itself(void)
{
    static const char xml[] = "<a>\n  <b x='1'>\n    <c/>\n  </b>\n</a>";
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);
    g_autofree char *text = spm_xml_format_node(spm_xml_child(xmlDocGetRootElement(doc), "b"), '"');

    g_assert_cmpstr(text, ==, "<b x=\"1\">\n    <c/>\n  </b>");
}

static void
the_deepest_document_is_written(void)
{
    GString *xml = g_string_new(NULL);
    g_autofree char *text = NULL;

    for (guint i = 0; i < 200; i++)
        g_string_append(xml, "<a>");
    g_string_append(xml, "x");
    for (guint i = 0; i < 200; i++)
        g_string_append(xml, "</a>");
    g_string_append(xml, "\n");
    text = rewrite(xml->str, '\'');
    g_assert_cmpstr(text, ==, xml->str);
    g_string_free(xml, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm_xml_format/what-libvirt-writes-comes-back-byte-for-byte",
                    what_libvirt_writes_comes_back_byte_for_byte);
    g_test_add_func("/spm_xml_format/double-quotes-stay-double", double_quotes_stay_double);
    g_test_add_func("/spm_xml_format/the-first-attribute-tells-the-quote",
                    the_first_attribute_tells_the_quote);
    g_test_add_func("/spm_xml_format/a-declaration-stays-only-where-one-was",
                    a_declaration_stays_only_where_one_was);
    g_test_add_func("/spm_xml_format/what-was-written-is-read-as-the-same-document",
                    what_was_written_is_read_as_the_same_document);
    g_test_add_func("/spm_xml_format/an-ampersand-in-a-namespace-comes-back",
                    an_ampersand_in_a_namespace_comes_back);
    g_test_add_func("/spm_xml_format/a-node-is-written-by-itself", a_node_is_written_by_itself);
    g_test_add_func("/spm_xml_format/the-deepest-document-is-written",
                    the_deepest_document_is_written);
    return g_test_run();
}
