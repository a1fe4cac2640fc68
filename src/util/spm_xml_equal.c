/*
 * When two XML documents say the same (see spm_xml.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "util/spm_xml.h"

static gboolean
same_ns(const xmlNs *a, const xmlNs *b)
{
    return g_strcmp0(a ? (const char *)a->href : NULL, b ? (const char *)b->href : NULL) == 0;
}

static guint
count_attributes(const xmlNode *node)
{
    guint count = 0;

    for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
        count++;
    return count;
}

static gboolean
same_attributes(const xmlNode *a, const xmlNode *b)
{
    if (count_attributes(a) != count_attributes(b))
        return FALSE;
    for (const xmlAttr *attr = a->properties; attr; attr = attr->next) {
        const xmlChar *href = attr->ns ? attr->ns->href : NULL;
        xmlChar *mine = xmlGetNsProp(a, attr->name, href);
        xmlChar *other = xmlGetNsProp(b, attr->name, href);
        gboolean same = other && xmlStrEqual(mine, other);

        xmlFree(mine);
        xmlFree(other);
        if (!same)
            return FALSE;
    }
    return TRUE;
}

/* The next node that counts. */
static const xmlNode *
skip_space(const xmlNode *node)
{
    while (node && node->type == XML_TEXT_NODE && xmlIsBlankNode(node))
        node = node->next;
    return node;
}

/* Compares text, comments and processing instructions; the white space around
 * text that stands beside elements does not count. */
static gboolean
same_content(const xmlNode *a, const xmlNode *b)
{
    g_autofree char *left = g_strdup(a->content ? (const char *)a->content : "");
    g_autofree char *right = g_strdup(b->content ? (const char *)b->content : "");

    if (a->type == XML_TEXT_NODE)
        return strcmp(g_strstrip(left), g_strstrip(right)) == 0;
    return strcmp(left, right) == 0;
}

static char *
describe(const xmlNode *node)
{
    xmlChar *path = node ? xmlGetNodePath(node) : NULL;
    char *text = g_strdup(path ? (const char *)path : "the end");

    xmlFree(path);
    return text;
}

static gboolean
same_node(const xmlNode *a, const xmlNode *b, char **where)
{
    const xmlNode *x, *y;

    if (a->type != b->type || !xmlStrEqual(a->name, b->name))
        goto differ;
    if (a->type != XML_ELEMENT_NODE) {
        if (same_content(a, b))
            return TRUE;
        goto differ;
    }
    if (!same_ns(a->ns, b->ns) || !same_attributes(a, b))
        goto differ;
    for (x = skip_space(a->children), y = skip_space(b->children); x && y;
         x = skip_space(x->next), y = skip_space(y->next)) {
        if (!same_node(x, y, where))
            return FALSE;
    }
    if (!x && !y)
        return TRUE;
    if (where)
        *where = x ? describe(x) : describe(y);
    return FALSE;

differ:
    if (where)
        *where = describe(a);
    return FALSE;
}

gboolean
spm_xml_equal(const xmlDoc *a, const xmlDoc *b, char **where)
{
    const xmlNode *x, *y;

    if (where)
        *where = NULL;
    for (x = skip_space(a->children), y = skip_space(b->children); x && y;
         x = skip_space(x->next), y = skip_space(y->next)) {
        if (!same_node(x, y, where))
            return FALSE;
    }
    if (!x && !y)
        return TRUE;
    if (where)
        *where = x ? describe(x) : describe(y);
    return FALSE;
}
