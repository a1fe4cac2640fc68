/*
 * A short cut through a document: what nobody looks at stays text, and nothing else
 * is different from parsing the whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_xml_outline.h"

#include <string.h>

#include "util/spm_error.h"

static const SpmXmlOutline nothing[] = { { NULL } };
static const SpmXmlOutline of_devices[] = { { "memory" }, { NULL } };
static const SpmXmlOutline of_domain[] = {
    { "metadata", nothing, "urn:ours" },
    { "vcpu" },
    { "devices", of_devices },
    { NULL },
};
static const SpmXmlOutline outline = { "domain", of_domain };

#define DISK "<disk  type=\"file\" ><source file='/a&amp;b'/><!-- > --><target   dev='sda'/></disk>"
#define OWNER "<o:owner xmlns:o=\"urn:o\"  o:since='1'><by>me</by></o:owner>"
#define DOMAIN                                                                                   \
    "<domain type='kvm'>\n  <name>a</name>\n  <title  />\n  <metadata>\n    " OWNER "\n"            \
    "    <p:ours xmlns:p='urn:ours'/>\n  </metadata>\n  <devices>\n    " DISK "\n    " DISK "\n"  \
    "    <memory model='dimm'/>\n    <rng\n      model='virtio'/>\n  </devices>\n  <on_crash/>\n" \
    "  <vcpu><!-- > --><a b=' /'/></vcpu>\n</domain>"

static xmlDoc *
parse(const char *xml)
{
    g_autoptr(GError) error = NULL;
    xmlDoc *doc = spm_xml_parse_outline(xml, strlen(xml), &outline, "secret", &error);

    g_assert_no_error(error);
    return doc;
}

static guint
count_kept(const xmlNode *node)
{
    guint count = spm_xml_is_kept_text(node);

    for (const xmlNode *child = node->children; child; child = child->next)
        count += count_kept(child);
    return count;
}

static guint
count_all(const xmlDoc *doc)
{
    return count_kept(xmlDocGetRootElement(doc));
}

static void
unfold_all(xmlNode *node)
{
    spm_xml_unfold_children(node);
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            unfold_all(child);
    }
}

static void
what_nobody_looks_at_stays_text(void)
{
    g_autoptr(xmlDoc) doc = parse(DOMAIN);
    const xmlNode *domain = xmlDocGetRootElement(doc);
    const xmlNode *devices = spm_xml_child(domain, "devices");
    const xmlNode *metadata = spm_xml_child(domain, "metadata");
    g_autofree char *text = spm_xml_format(doc, '\'');

    g_assert_null(spm_xml_child(domain, "name"));
    g_assert_null(spm_xml_child(domain, "title"));
    g_assert_null(spm_xml_child_ns(metadata, "owner", "urn:o"));
    g_assert_nonnull(spm_xml_child_ns(metadata, "ours", "urn:ours"));
    g_assert_null(spm_xml_child(devices, "disk"));
    g_assert_null(spm_xml_child(devices, "rng"));
    g_assert_nonnull(spm_xml_child(devices, "memory"));
    g_assert_nonnull(spm_xml_child(domain, "vcpu"));
    g_assert_cmpuint(count_all(doc), ==, 5);
    /* Byte for byte, whatever the style of the rest. */
    g_assert_cmpstr(text, ==, DOMAIN "\n");
}

static void
lines_are_those_of_the_whole_document(void)
{
    g_autoptr(xmlDoc) doc = parse(DOMAIN);
    g_autoptr(xmlDoc) whole = spm_xml_parse(DOMAIN, strlen(DOMAIN), NULL);
    const xmlNode *last = spm_xml_child(xmlDocGetRootElement(doc), "vcpu");

    g_assert_cmpint(xmlGetLineNo(last), ==, 16);
    g_assert_cmpint(xmlGetLineNo(spm_xml_child(xmlDocGetRootElement(whole), "vcpu")), ==, 16);
}

static void
an_element_with_the_attribute_is_in_the_tree(void)
{
    g_autoptr(xmlDoc) doc = parse("<domain><clock secret='2'/><name>b</name><devices><a/><b>"
                                  "<c secret='1'/><e/></b><d/></devices></domain>");
    const xmlNode *domain = xmlDocGetRootElement(doc);
    const xmlNode *devices = spm_xml_child(domain, "devices");

    g_assert_true(spm_xml_has_attr(spm_xml_child(domain, "clock"), "secret"));
    g_assert_null(spm_xml_child(devices, "a"));
    g_assert_true(spm_xml_has_attr(spm_xml_child(spm_xml_child(devices, "b"), "c"), "secret"));
    g_assert_cmpuint(count_all(doc), ==, 3);
}

/* The name anywhere else is no attribute. */
static void
the_attributes_name_in_text_is_text(void)
{
    g_autoptr(xmlDoc) doc = parse("<domain><devices><a b='secret'/><secret/><c><!-- secret='1' -->"
                                  "secret</c><d secrets='1' a-secret='1'/></devices></domain>");

    g_assert_null(spm_xml_child_ns(spm_xml_child(xmlDocGetRootElement(doc), "devices"), NULL, NULL));
    g_assert_cmpuint(count_all(doc), ==, 1);
}

/* How many elements below <metadata> are in the tree. */
static guint
count_metadata(const char *inside)
{
    g_autofree char *xml = g_strdup_printf("<domain xmlns:r='urn:r'><metadata>%s</metadata></domain>", inside);
    g_autoptr(xmlDoc) doc = parse(xml);
    g_autofree char *text = spm_xml_format(doc, '\'');
    const xmlNode *metadata = spm_xml_child(xmlDocGetRootElement(doc), "metadata");
    g_autofree char *expected = g_strconcat(xml, "\n", NULL);
    guint count = 0;

    g_assert_cmpstr(text, ==, expected);
    for (const xmlNode *node = metadata->children; node; node = node->next)
        count += node->type == XML_ELEMENT_NODE;
    return count;
}

static void
a_namespace_of_its_own_stays_text(void)
{
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'/>"), ==, 0);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'><p:b p:c='1'/><d>e</d></p:a>"), ==, 0);
    g_assert_cmpuint(count_metadata("<a/><p:a xmlns:p='urn:p'/><b/>"), ==, 0);
    /* What is looked for. */
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:ours'/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'>urn:ours</p:a>"), ==, 1);
    /* What means something else where something else is declared, or nothing. */
    g_assert_cmpuint(count_metadata("<p:a/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<r:a/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<a r:b='1'/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'><r:b/></p:a>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'><q:b/></p:a>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'><b r:c='1'/></p:a>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a r:b='1' xmlns:p='urn:p'/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'><p:b xmlns:p='urn:q'/></p:a>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p' xmlns:q='urn:q'/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<p:a xmlns:p='urn:p'><b xmlns='urn:b'/></p:a>"), ==, 1);
    g_assert_cmpuint(count_metadata("<a xmlns='urn:a'/>"), ==, 1);
    g_assert_cmpuint(count_metadata("<a xmlns:p='urn:p'/>"), ==, 1);
}

/* What is looked at, libxml2 reads; only its end has to be found. */
static void
what_is_looked_at_may_hold_anything(void)
{
    static const char *const documents[] = {
        "<domain><vcpu>&#65;&#x42;</vcpu><name/></domain>",
        "<domain><vcpu a='1' b=\"&lt;/vcpu>\"/><name/></domain>",
        "<domain><vcpu><a b='/>' c=\"'>\">></a><vcpu/><a/></vcpu ><name/></domain>",
        "<domain><vcpu><!-- </vcpu> --><a ></a ></vcpu><name/></domain>",
        "<domain xmlns:q='urn:q'><q:a><b xmlns='urn:b'/><q:a/></q:a><name/></domain>",
    };
    static const char *const whole[] = {
        "<domain><vcpu><![CDATA[</vcpu>]]></vcpu><name/></domain>",
        "<domain><vcpu><?pi </vcpu>?></vcpu><name/></domain>",
        "<domain><vcpu><?virtspm-text?></vcpu><name/></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(xmlDoc) doc = parse(documents[i]);
        g_autoptr(xmlDoc) expected = spm_xml_parse(documents[i], strlen(documents[i]), NULL);
        g_autofree char *where = NULL;

        g_assert_nonnull(expected);
        g_assert_cmpuint(count_all(doc), ==, 1);
        unfold_all(xmlDocGetRootElement(doc));
        if (!spm_xml_equal(doc, expected, &where))
            g_error("%s differs at %s", documents[i], where);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(whole); i++) {
        g_autoptr(xmlDoc) doc = parse(whole[i]);

        g_assert_cmpuint(count_all(doc), ==, 0);
    }
}

/* A namespace anywhere else is looked at: the root's own may mean something. */
static void
a_namespace_elsewhere_is_in_the_tree(void)
{
    g_autoptr(xmlDoc) doc = parse("<domain xmlns:q='urn:q'><name/><q:arg/><r:x xmlns:r='urn:r'/><y q:z='1'/>"
                                  "<devices><r:x xmlns:r='urn:r'/></devices></domain>");
    const xmlNode *domain = xmlDocGetRootElement(doc);

    g_assert_nonnull(spm_xml_child_ns(domain, "arg", "urn:q"));
    g_assert_nonnull(spm_xml_child_ns(domain, "x", "urn:r"));
    g_assert_nonnull(spm_xml_child(domain, "y"));
    g_assert_nonnull(spm_xml_child_ns(spm_xml_child(domain, "devices"), "x", "urn:r"));
    g_assert_cmpuint(count_all(doc), ==, 1);
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
        "<domain><metadata><p:a:b/></metadata><name/></domain>",
        "<domain><a>\xc3\xa9</a><\xc3\xa9/></domain>",
        "<domain><devices><a><![CDATA[</devices>]]></a></devices></domain>",
        "<domain><devices><a><?pi </devices> ?></a></devices></domain>",
        "<domain><devices><a>&#65;</a></devices></domain>",
        "<domain><devices><a b='&#65;'/></devices></domain>",
        "<domain><devices><a b = '1'/></devices></domain>",
        "<domain><devices><a/>\r\n<b/></devices></domain>",
        "<domain><name><![CDATA[<devices><a/></devices>]]></name></domain>",
        "<domain xmlns='urn:p'><devices><a/></devices></domain>",
        "<p:domain xmlns:p='urn:p'><devices><a/></devices></p:domain>",
        "<domain><devices><?virtspm-text <a/>?><b/></devices></domain>",
        "<domain><?virtspm-text?><name/></domain>",
        "<devices><a/></devices>",
        "<domainsnapshot><domain><name/><devices><a/></devices></domain></domainsnapshot>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(xmlDoc) doc = NULL;
        g_autoptr(xmlDoc) whole = spm_xml_parse(documents[i], strlen(documents[i]), NULL);
        g_autofree char *where = NULL;

        if (!whole)
            continue; /* its error: see below */
        doc = parse(documents[i]);
        if (!spm_xml_equal(doc, whole, &where) || count_all(doc) > 0)
            g_error("%s differs at %s", documents[i], where ? where : "some text");
    }
}

/* What is in the way of the outline only in a part of the document. */
static void
an_outlined_name_elsewhere_is_no_place(void)
{
    static const char *const documents[] = {
        "<domain><!-- <devices><a/></devices> --><devices><b/></devices></domain>",
        "<domain><metadata><devices><memory/></devices></metadata><devices><b/></devices></domain>",
        "<domain><devices xmlns:p='urn:p'><a/></devices><devices xmlns='urn:p'><a/></devices></domain>",
        "<domain><metadata><p:a xmlns:p=''/></metadata><name/></domain>",
        "<!-- <domain><a/></domain> --><domain><devices><b/></devices></domain><?virtspm-text?>",
        "<domain><devices><a/></devices><vcpu><devices><a/></devices></vcpu><devices><a/></devices></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(xmlDoc) doc = parse(documents[i]);
        g_autoptr(xmlDoc) whole = spm_xml_parse(documents[i], strlen(documents[i]), NULL);
        g_autofree char *text = spm_xml_format(doc, '\'');
        g_autofree char *expected = spm_xml_format(whole, '\'');

        g_assert_cmpstr(text, ==, expected);
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

/* Puts an element at each place there is between elements of the tree, and compares with
 * what comes of the whole document. */
static void
new_elements_are_set_on_lines_as_in_the_whole_document(void)
{
    static const char *const documents[] = {
        DOMAIN,
        "<domain><name/><vcpu/><title/></domain>",
        "<domain>\n\t<name/>\n   <title/><vcpu/>\n\t<clock/>\n</domain>",
        "<domain><name/>\n  <vcpu/>\n  <title/> <!-- a -->\n <clock/> b \n <devices/> </domain>",
        "<domain>\n  <devices>\n    <disk/>\n    <rng/>\n  </devices>\n  <vcpu/></domain>",
        "<domain> > \n <name/>\n  <vcpu/>\n   <title/></domain>",
        "<domain> ( <vcpu/>\n    <clock/>\n    <title/></domain>",
        "<domain> ( <clock/>\n    <title/>\n  <vcpu/></domain>",
    };
    static const char *const before[] = { "metadata", "vcpu", "devices", NULL };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        for (gsize place = 0; place < G_N_ELEMENTS(before); place++) {
            g_autoptr(xmlDoc) doc = parse(documents[i]);
            g_autoptr(xmlDoc) whole = spm_xml_parse(documents[i], strlen(documents[i]), NULL);
            xmlNode *domain = xmlDocGetRootElement(doc);
            xmlNode *other = xmlDocGetRootElement(whole);
            g_autofree char *text = NULL;
            g_autofree char *expected = NULL;

            g_assert_cmpuint(count_all(doc), >, 0);
            spm_xml_add(domain, before[place] ? spm_xml_child(domain, before[place]) : NULL, NULL, "new", "1");
            spm_xml_add(other, before[place] ? spm_xml_child(other, before[place]) : NULL, NULL, "new", "1");
            if (spm_xml_child(domain, "devices")) {
                spm_xml_add(spm_xml_child(domain, "devices"), NULL, NULL, "new", NULL);
                spm_xml_add(spm_xml_child(other, "devices"), NULL, NULL, "new", NULL);
            }
            if (spm_xml_child(domain, "vcpu")) {
                spm_xml_remove(spm_xml_child(domain, "vcpu"));
                spm_xml_remove(spm_xml_child(other, "vcpu"));
            }
            unfold_all(domain);
            text = spm_xml_format(doc, '\'');
            expected = spm_xml_format(whole, '\'');
            g_assert_cmpstr(text, ==, expected);
        }
    }
}

static void
text_unfolds_to_what_it_says(void)
{
    g_autoptr(xmlDoc) doc = parse(DOMAIN);
    g_autoptr(xmlDoc) whole = spm_xml_parse(DOMAIN, strlen(DOMAIN), NULL);
    xmlNode *domain = xmlDocGetRootElement(doc);
    g_autofree char *where = NULL;
    g_autofree char *text = NULL;
    g_autofree char *expected = NULL;
    xmlNode *kept = domain->children->next;
    xmlNode *first;

    g_assert_true(spm_xml_is_kept_text(kept));
    first = spm_xml_unfold(kept);
    g_assert_true(spm_xml_is(first, "name"));
    g_assert_true(domain->children->next == first);
    g_assert_nonnull(spm_xml_child(domain, "title"));
    unfold_all(domain);
    g_assert_cmpuint(count_all(doc), ==, 0);
    if (!spm_xml_equal(doc, whole, &where))
        g_error("differs at %s", where);
    text = spm_xml_format(doc, '"');
    expected = spm_xml_format(whole, '"');
    g_assert_cmpstr(text, ==, expected);
}

/* The only thing that is left for libvirt to find. */
static void
text_that_is_no_xml_does_not_unfold(void)
{
    g_autoptr(xmlDoc) doc = parse("<domain><name a='1' a='2'/><vcpu/></domain>");
    xmlNode *domain = xmlDocGetRootElement(doc);
    xmlNode *kept = domain->children;

    g_assert_true(spm_xml_is_kept_text(kept));
    g_assert_true(spm_xml_unfold(kept) == kept);
    spm_xml_unfold_children(domain);
    g_assert_cmpuint(count_all(doc), ==, 1);
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
    g_assert_cmpuint(count_all(doc), ==, 0);
    g_string_free(text, TRUE);
}

/* Whatever it is: a document or the same error as without the short cut, and a
 * document says the same. */
static void
compare(const char *xml, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) expected = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse_outline(xml, length, &outline, "secret", &error);
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
        "<domain><devices><a>\xef\xbf\xbf</a></devices></domain>",
        "<domain><devices><a b='\xef\xbf\xbe'/></devices></domain>",
        "<domain><devices><a>\xed\xa0\x80</a></devices></domain>",
        "<domain><name>a</name></domain>b",
        "a<domain><name>a</name></domain>",
        "<domain><name>a</name></domain><domain/>",
        "<domain><name>a</name></domains>",
        "<domain><name>a</name>",
        "<domain><metadata><p:a xmlns:p='urn:p'></a></metadata></domain>",
        "<domain><metadata><p:a xmlns:p='urn:p'></q:a></metadata></domain>",
        "<domain a='1' a='2'><name>a</name></domain>",
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
    TEST("an-element-with-the-attribute-is-in-the-tree", an_element_with_the_attribute_is_in_the_tree);
    TEST("the-attributes-name-in-text-is-text", the_attributes_name_in_text_is_text);
    TEST("a-namespace-of-its-own-stays-text", a_namespace_of_its_own_stays_text);
    TEST("what-is-looked-at-may-hold-anything", what_is_looked_at_may_hold_anything);
    TEST("a-namespace-elsewhere-is-in-the-tree", a_namespace_elsewhere_is_in_the_tree);
    TEST("an-outlined-name-elsewhere-is-no-place", an_outlined_name_elsewhere_is_no_place);
    TEST("new-elements-are-set-on-lines-as-in-the-whole-document",
         new_elements_are_set_on_lines_as_in_the_whole_document);
    TEST("text-unfolds-to-what-it-says", text_unfolds_to_what_it_says);
    TEST("text-that-is-no-xml-does-not-unfold", text_that_is_no_xml_does_not_unfold);
    TEST("what-is-unusual-is-parsed-as-a-whole", what_is_unusual_is_parsed_as_a_whole);
    TEST("an-instruction-of-the-same-name-is-no-text", an_instruction_of_the_same_name_is_no_text);
    TEST("deep-nesting-is-parsed-as-a-whole", deep_nesting_is_parsed_as_a_whole);
    TEST("a-document-that-ends-early-is-the-same-error", a_document_that_ends_early_is_the_same_error);
    TEST("one-wrong-character-is-the-same-error", one_wrong_character_is_the_same_error);
    TEST("one-character-less-is-the-same-error", one_character_less_is_the_same_error);
    TEST("what-may-not-be-in-text-is-the-same-error", what_may_not_be_in_text_is_the_same_error);
    return g_test_run();
}
