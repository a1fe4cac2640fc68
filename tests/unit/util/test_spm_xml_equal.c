/*
 * When two documents say the same
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_xml.h"

#include "unit.h"

/* Compares both ways round; returns where they differ, or NULL. Caller frees. */
static char *
compare(const char *left, const char *right)
{
    g_autoptr(xmlDoc) a = spm_xml_parse(left, strlen(left), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(right, strlen(right), NULL);
    g_autofree char *other_way = NULL;
    char *where;
    gboolean equal;

    g_assert_nonnull(a);
    g_assert_nonnull(b);
    equal = spm_xml_equal(a, b, &where);
    g_assert_cmpint(spm_xml_equal(b, a, &other_way), ==, equal);
    g_assert_cmpint(spm_xml_equal(a, b, NULL), ==, equal);
    g_assert_cmpint(where == NULL, ==, equal);
    g_assert_cmpint(other_way == NULL, ==, equal);
    return where;
}

static void
same_documents(void)
{
    static const char *const cases[][2] = {
        { "<a/>", "<a></a>" },
        { "<a x='1' y='2'/>", "<a y=\"2\" x='1'/>" },                 /* order, quotes */
        { "<a><b/><c/></a>", "<a>\n  <b/>\n\n  <c/>\n</a>\n" },       /* space between elements */
        { "<a>  text\n</a>", "<a>text</a>" },
        { "<a>&lt;&#65;</a>", "<a>&lt;A</a>" },
        { "<x:a xmlns:x='urn:1'/>", "<a xmlns='urn:1'/>" },           /* the prefix is only a name */
        { "<a xmlns:x='urn:1' x:b='1'/>", "<a xmlns:y='urn:1' y:b='1'/>" },
        { "<a xmlns:unused='urn:1'/>", "<a/>" },
        { "<!-- c --><a/>", "<!-- c -->\n<a/>" },
        { "<?xml version='1.0'?><a/>", "<a/>" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *where = compare(cases[i][0], cases[i][1]);

        if (where)
            g_error("%s and %s differ at %s", cases[i][0], cases[i][1], where);
    }
}

static void
different_documents(void)
{
    static const struct {
        const char *left, *right;
        const char *where;
    } cases[] = {
        { "<a/>", "<b/>", "/a" },
        { "<a x='1'/>", "<a x='2'/>", "/a" },
        { "<a x='1'/>", "<a/>", "/a" },
        { "<a x='1'/>", "<a y='1'/>", "/a" },
        { "<a x='1 '/>", "<a x='1'/>", "/a" },                        /* space in a value counts */
        { "<a xmlns:x='urn:1' x:b='1'/>", "<a b='1'/>", "/a" },
        { "<a xmlns='urn:1'/>", "<a xmlns='urn:2'/>", "/*" },
        { "<a><b/><c/></a>", "<a><c/><b/></a>", "/a/b" },
        { "<a><b/></a>", "<a/>", "/a/b" },
        { "<a><b/><b/></a>", "<a><b/></a>", "/a/b[2]" },
        { "<a><b/></a>", "<a><b>1</b></a>", "/a/b/text()" },
        { "<a>1</a>", "<a>2</a>", "/a/text()" },
        { "<a>1  2</a>", "<a>1 2</a>", "/a/text()" },
        { "<a><!-- x --></a>", "<a><!-- y --></a>", "/a/comment()" },
        { "<a><!-- x --></a>", "<a><!--x--></a>", "/a/comment()" },
        { "<a><?p x?></a>", "<a><?p y?></a>", "/a/processing-instruction('p')" },
        { "<a><?p x?></a>", "<a><?q x?></a>", "/a/processing-instruction('p')" },
        { "<a><![CDATA[x]]></a>", "<a>x</a>", "/a/text()" },
        { "<a/><!-- more -->", "<a/>", "/comment()" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *where = compare(cases[i].left, cases[i].right);

        if (!where)
            g_error("%s and %s are the same", cases[i].left, cases[i].right);
        g_assert_cmpstr(where, ==, cases[i].where);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm_xml_equal/same-documents", same_documents);
    g_test_add_func("/spm_xml_equal/different-documents", different_documents);
    return g_test_run();
}
