/*
 * One parser reads many documents, and nothing of one reaches the next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_xml_reader.h"

#include <string.h>

#include "util/spm_error.h"
#include "util/spm_xml.h"

static xmlDoc *
read_text(const char *xml)
{
    g_autoptr(GError) error = NULL;
    xmlDoc *doc = spm_xml_read(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return doc;
}

static char *
read_error(const char *xml)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_xml_read(xml, strlen(xml), &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
    return g_strdup(error->message);
}

static void
small_documents_share_a_dictionary(void)
{
    g_autoptr(xmlDoc) first = read_text("<a b='1'/>");
    g_autoptr(xmlDoc) second = read_text("<a b='2'/>");

    g_assert_nonnull(first->dict);
    g_assert_true(first->dict == second->dict);
}

static void
a_long_document_takes_its_dictionary_along(void)
{
    g_autofree char *blanks = g_strnfill(20000, ' ');
    g_autofree char *xml = g_strdup_printf("<a>%s</a>", blanks);
    g_autoptr(xmlDoc) first = read_text(xml);
    g_autoptr(xmlDoc) second = read_text("<a/>");

    g_assert_true(first->dict != second->dict);
}

/* A client can think of any number of names. */
static void
names_do_not_pile_up(void)
{
    int most = 0;

    for (guint i = 0; i < 10000; i++) {
        g_autofree char *xml = g_strdup_printf("<a%u><b%u/></a%u>", i, i, i);
        g_autoptr(xmlDoc) doc = read_text(xml);

        most = MAX(most, xmlDictSize(doc->dict));
    }
    g_assert_cmpint(most, >, 100);
    g_assert_cmpint(most, <, 2100);
}

static void
an_error_is_that_documents_own(void)
{
    g_autofree char *first = read_error("<a>\n<b></a>");
    g_autoptr(xmlDoc) good = read_text("<a>\n<b/></a>");
    g_autofree char *second = read_error("\n\n<a/><b/>");
    g_autofree char *third = read_error("<a>\n<b></a>");

    g_assert_true(g_str_has_prefix(first, "at line 2:"));
    g_assert_true(g_str_has_prefix(second, "at line 3:"));
    g_assert_cmpstr(first, ==, third);
    g_assert_cmpint(xmlGetLineNo(spm_xml_child(xmlDocGetRootElement(good), "b")), ==, 2);
}

static void
declarations_end_with_their_document(void)
{
    g_autofree char *dtd = read_error("<!DOCTYPE a [<!ENTITY e 'x'><!ATTLIST a b CDATA '1'>]><a/>");
    g_autofree char *entity = read_error("<a>&e;</a>");
    g_autoptr(xmlDoc) latin =
        read_text("<?xml version='1.0' encoding='ISO-8859-1' standalone='yes'?><a>\xe9</a>");
    g_autoptr(xmlDoc) prefixed = read_text("<a xmlns:p='urn:p'><p:b/></a>");
    g_autoptr(xmlDoc) plain = read_text("<a><p:b/>\xc3\xa9</a>");
    g_autofree char *text = spm_xml_text(xmlDocGetRootElement(plain));

    g_assert_cmpint(latin->standalone, ==, 1);
    g_assert_nonnull(spm_xml_child_ns(xmlDocGetRootElement(prefixed), "b", "urn:p"));
    g_assert_nonnull(strstr(dtd, "DTD"));
    g_assert_nonnull(strstr(entity, "Entity 'e'"));
    g_assert_cmpstr(text, ==, "\xc3\xa9");
    g_assert_cmpint(plain->standalone, ==, -1);
    g_assert_null(xmlDocGetRootElement(plain)->properties);
    g_assert_null(spm_xml_child_ns(xmlDocGetRootElement(plain), "b", "urn:p"));
}

static gpointer
read_in_thread(gpointer other)
{
    g_autoptr(xmlDoc) doc = read_text("<a/>");

    g_assert_true(doc->dict != other);
    return NULL;
}

static void
each_thread_has_its_own(void)
{
    g_autoptr(xmlDoc) doc = read_text("<a/>");

    g_thread_join(g_thread_new("reader", read_in_thread, doc->dict));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/spm_xml_reader/" name, function)
    TEST("small-documents-share-a-dictionary", small_documents_share_a_dictionary);
    TEST("a-long-document-takes-its-dictionary-along", a_long_document_takes_its_dictionary_along);
    TEST("names-do-not-pile-up", names_do_not_pile_up);
    TEST("an-error-is-that-documents-own", an_error_is_that_documents_own);
    TEST("declarations-end-with-their-document", declarations_end_with_their_document);
    TEST("each-thread-has-its-own", each_thread_has_its_own);
    return g_test_run();
}
