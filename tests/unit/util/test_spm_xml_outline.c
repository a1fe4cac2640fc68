/*
 * A short cut through a document: what nobody looks at stays text, and nothing else
 * is different from parsing the whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_xml_outline.h"

#include <string.h>

#include "util/spm_error.h"

static const SpmXmlOutline outline = {
    .parent = "devices",
    .seen = (const char *const[]){ "memory", NULL },
    .word = "secret",
};

#define DISK "<disk  type=\"file\" ><source file='/a&amp;b'/><!-- > --><target   dev='sda'/></disk>"
#define DOMAIN                                                                                   \
    "<domain type='kvm'>\n  <name>a</name>\n  <devices>\n    " DISK "\n    " DISK "\n"           \
    "    <memory model='dimm'/>\n    <rng\n      model='virtio'/>\n  </devices>\n  <last/>\n</domain>"

static xmlDoc *
parse(const char *xml)
{
    g_autoptr(GError) error = NULL;
    xmlDoc *doc = spm_xml_parse_outline(xml, strlen(xml), &outline, &error);

    g_assert_no_error(error);
    return doc;
}

static guint
count_kept(const xmlDoc *doc)
{
    const xmlNode *devices = spm_xml_child(xmlDocGetRootElement(doc), "devices");
    guint count = 0;

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        count += node->type == XML_PI_NODE && g_str_equal(node->name, SPM_XML_KEPT_TEXT);
    return count;
}

static void
what_nobody_looks_at_stays_text(void)
{
    g_autoptr(xmlDoc) doc = parse(DOMAIN);
    const xmlNode *devices = spm_xml_child(xmlDocGetRootElement(doc), "devices");
    g_autofree char *text = spm_xml_format(doc, '\'');

    g_assert_null(spm_xml_child(devices, "disk"));
    g_assert_null(spm_xml_child(devices, "rng"));
    g_assert_nonnull(spm_xml_child(devices, "memory"));
    g_assert_cmpuint(count_kept(doc), ==, 2);
    /* Byte for byte, whatever the style of the rest. */
    g_assert_cmpstr(text, ==, DOMAIN "\n");
}

static void
lines_are_those_of_the_whole_document(void)
{
    g_autoptr(xmlDoc) doc = parse(DOMAIN);
    g_autoptr(xmlDoc) whole = spm_xml_parse(DOMAIN, strlen(DOMAIN), NULL);
    const xmlNode *last = spm_xml_child(xmlDocGetRootElement(doc), "last");

    g_assert_cmpint(xmlGetLineNo(last), ==, 10);
    g_assert_cmpint(xmlGetLineNo(spm_xml_child(xmlDocGetRootElement(whole), "last")), ==, 10);
}

static void
an_element_with_the_word_is_in_the_tree(void)
{
    g_autoptr(xmlDoc) doc = parse("<domain><devices><a/><b><c secret='1'/></b><d/></devices></domain>");
    const xmlNode *devices = spm_xml_child(xmlDocGetRootElement(doc), "devices");

    g_assert_null(spm_xml_child(devices, "a"));
    g_assert_nonnull(spm_xml_child(spm_xml_child(devices, "b"), "c"));
    g_assert_cmpuint(count_kept(doc), ==, 2);
}

/* Parsed as a whole, and that without a trace of the short cut. */
static void
what_is_unusual_is_parsed_as_a_whole(void)
{
    static const char *const documents[] = {
        "<domain/>",
        "<domain><devices/></domain>",
        "<domain><devices></devices></domain>",
        "<domain><devices><memory/></devices></domain>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><domain><devices><a b='\xe9'/></devices></domain>",
        "<domain><devices><p:a xmlns:p='urn:p'/></devices></domain>",
        "<domain><devices><a xmlns='urn:p'/></devices></domain>",
        "<domain xmlns:p='urn:p'><devices><a p:b='1'/></devices></domain>",
        "<domain><devices><a><![CDATA[</devices>]]></a></devices></domain>",
        "<domain><devices><a><?pi </devices> ?></a></devices></domain>",
        "<domain><devices><a>&#65;</a></devices></domain>",
        "<domain><devices><a b='&#65;'/></devices></domain>",
        "<domain><devices><a b = '1'/></devices></domain>",
        "<domain><devices><a/>\r\n<b/></devices></domain>",
        "<domain><!-- <devices><a/></devices> --><devices><b/></devices></domain>",
        "<domain><name><![CDATA[<devices><a/></devices>]]></name></domain>",
        "<domain><metadata><devices><a/></devices></metadata></domain>",
        "<domain><metadata><devices><a/></devices></metadata><devices><b/></devices></domain>",
        "<domain xmlns='urn:p'><devices><a/></devices></domain>",
        "<domain><devices><?virtspm-text <a/>?><b/></devices></domain>",
        "<devices><a/></devices>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(xmlDoc) doc = parse(documents[i]);
        g_autoptr(xmlDoc) whole = spm_xml_parse(documents[i], strlen(documents[i]), NULL);
        g_autofree char *where = NULL;

        if (!spm_xml_equal(doc, whole, &where))
            g_error("%s differs at %s", documents[i], where);
    }
}

/* Instructions of that name are somebody's own, and come back as such. */
static void
an_instruction_of_the_same_name_is_no_text(void)
{
    static const char *const documents[] = {
        "<domain><?virtspm-text?><devices><a/></devices></domain>\n",
        "<domain><?virtspm-text <cell/>?><devices><a/></devices></domain>\n",
        "<domain><devices><?virtspm-text <a/>?><b/></devices></domain>\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(xmlDoc) doc = parse(documents[i]);
        g_autofree char *text = spm_xml_format(doc, '\'');

        g_assert_cmpstr(text, ==, documents[i]);
    }
}

static void
deep_nesting_is_parsed_as_a_whole(void)
{
    GString *text = g_string_new("<domain><devices>");
    g_autoptr(xmlDoc) doc = NULL;

    for (guint i = 0; i < 220; i++)
        g_string_append(text, "<a>");
    for (guint i = 0; i < 220; i++)
        g_string_append(text, "</a>");
    g_string_append(text, "</devices></domain>");
    doc = parse(text->str);
    g_assert_cmpuint(count_kept(doc), ==, 0);
    g_string_free(text, TRUE);
}

/* Whatever it is: a document or the same error as without the short cut, and a
 * document says the same. */
static void
compare(const char *xml, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) expected = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse_outline(xml, length, &outline, &error);
    g_autoptr(xmlDoc) whole = spm_xml_parse(xml, length, &expected);
    g_autoptr(xmlDoc) again = NULL;
    g_autofree char *shown = NULL;
    g_autofree char *text = NULL;

    shown = g_strndup(xml, length);
    if (!whole) {
        if (doc || g_strcmp0(error->message, expected->message) != 0)
            g_error("%s: %s, not %s", shown, doc ? "no error" : error->message, expected->message);
        return;
    }
    text = doc ? spm_xml_format(doc, '\'') : NULL;
    again = text ? spm_xml_parse(text, strlen(text), NULL) : NULL;
    if (!again || !spm_xml_equal(again, whole, NULL))
        g_error("%s has become %s", shown, text ? text : error->message);
}

static void
a_document_that_ends_early_is_the_same_error(void)
{
    for (gsize length = 0; length <= strlen(DOMAIN); length++) {
        /* What is behind the end must not count. */
        g_autofree char *copy = g_memdup2(DOMAIN, length + 1);

        compare(copy, length);
    }
}

static void
one_wrong_character_is_the_same_error(void)
{
    static const char characters[] = "<>&'\"/= x:!-?\n\r\t;\xff";

    for (gsize i = 0; i < strlen(DOMAIN); i++) {
        for (gsize c = 0; characters[c]; c++) {
            g_autofree char *copy = g_strdup(DOMAIN);

            copy[i] = characters[c];
            compare(copy, strlen(DOMAIN));
        }
    }
}

static void
one_character_less_is_the_same_error(void)
{
    for (gsize i = 0; i < strlen(DOMAIN); i++) {
        g_autoptr(GString) copy = g_string_new(DOMAIN);

        g_string_erase(copy, (gssize)i, 1);
        compare(copy->str, copy->len);
    }
}

static void
what_may_not_be_in_text_is_the_same_error(void)
{
    static const char *const documents[] = {
        "<domain><devices><a>]]></a></devices></domain>",
        "<domain><devices><a><!-- -- --></a></devices></domain>",
        "<domain><devices><a>&unknown;</a></devices></domain>",
        "<domain><devices><a>\x02</a></devices></domain>",
        "<domain><devices><a></b></devices></domain>",
        "<domain><devices><a></devices></a></domain>",
        "<!DOCTYPE domain [<!ENTITY e 'x'>]><domain><devices><a>&e;</a></devices></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++)
        compare(documents[i], strlen(documents[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/spm_xml_outline/" name, function)
    TEST("what-nobody-looks-at-stays-text", what_nobody_looks_at_stays_text);
    TEST("lines-are-those-of-the-whole-document", lines_are_those_of_the_whole_document);
    TEST("an-element-with-the-word-is-in-the-tree", an_element_with_the_word_is_in_the_tree);
    TEST("what-is-unusual-is-parsed-as-a-whole", what_is_unusual_is_parsed_as_a_whole);
    TEST("an-instruction-of-the-same-name-is-no-text", an_instruction_of_the_same_name_is_no_text);
    TEST("deep-nesting-is-parsed-as-a-whole", deep_nesting_is_parsed_as_a_whole);
    TEST("a-document-that-ends-early-is-the-same-error", a_document_that_ends_early_is_the_same_error);
    TEST("one-wrong-character-is-the-same-error", one_wrong_character_is_the_same_error);
    TEST("one-character-less-is-the-same-error", one_character_less_is_the_same_error);
    TEST("what-may-not-be-in-text-is-the-same-error", what_may_not_be_in_text_is_the_same_error);
    return g_test_run();
}
