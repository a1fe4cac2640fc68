/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_xml.h"

#include <libxml/parser.h>
#include <string.h>

#include "util/spm_error.h"
#include "util/spm_memory.h"

/* XML_PARSE_HUGE stays off: libxml2's own limits (256 levels, 10 MB of text)
 * are far above any domain and guard against documents made to be slow.
 * XML_PARSE_BIG_LINES: errors beyond line 65,535 name the right line. */
#define PARSE_OPTIONS \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES)

xmlDoc *
spm_xml_parse(const char *xml, gsize length, GError **error)
{
    xmlParserCtxt *context;
    xmlDoc *doc;

    if (length > SPM_XML_MAX) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL,
                    "the document has %" G_GSIZE_FORMAT " bytes, more than the %d that libvirt takes",
                    length, SPM_XML_MAX);
        return NULL;
    }
    if (memchr(xml, '\0', length)) {
        g_set_error_literal(error, SPM_ERROR, SPM_ERROR_XML_DETAIL,
                            "the document holds a NUL byte");
        return NULL;
    }
    if (!spm_memory_suffices(length, error))
        return NULL;
    spm_memory_share_with_libxml2();
    context = xmlNewParserCtxt();
    doc = context ? xmlCtxtReadMemory(context, xml, (int)length, "domain.xml", NULL, PARSE_OPTIONS)
                  : NULL;
    if (!doc) {
        const xmlError *last = context ? xmlCtxtGetLastError(context) : NULL;
        g_autofree char *why = g_strdup(last && last->message ? last->message : "not XML");

        g_set_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL, "at line %d: %s",
                    last ? last->line : 0, g_strstrip(why));
        if (error && last)
            spm_error_set_line(*error, last->line);
    }
    xmlFreeParserCtxt(context);
    if (doc && doc->intSubset) {
        g_set_error_literal(error, SPM_ERROR, SPM_ERROR_XML_DETAIL,
                            "the document has a DTD, which a domain never needs; remove <!DOCTYPE>");
        xmlFreeDoc(doc);
        return NULL;
    }
    return doc;
}

void
spm_xml_error(GError **error, const xmlNode *node, int code, const char *format, ...)
{
    g_autoptr(GError) mine = NULL;
    va_list args;

    va_start(args, format);
    mine = g_error_new_valist(SPM_ERROR, code, format, args);
    va_end(args);
    if (node)
        spm_error_set_line(mine, (int)xmlGetLineNo(node));
    g_propagate_error(error, g_steal_pointer(&mine));
}

gboolean
spm_xml_is_ns(const xmlNode *node, const char *name, const char *href)
{
    if (!node || node->type != XML_ELEMENT_NODE)
        return FALSE;
    if (name && !xmlStrEqual(node->name, BAD_CAST name))
        return FALSE;
    if (!href)
        return node->ns == NULL;
    return node->ns && xmlStrEqual(node->ns->href, BAD_CAST href);
}

gboolean
spm_xml_is(const xmlNode *node, const char *name)
{
    return spm_xml_is_ns(node, name, NULL);
}

static xmlNode *
first_from(xmlNode *node, const char *name, const char *href)
{
    while (node && !spm_xml_is_ns(node, name, href))
        node = node->next;
    return node;
}

xmlNode *
spm_xml_child_ns(const xmlNode *node, const char *name, const char *href)
{
    return node ? first_from(node->children, name, href) : NULL;
}

xmlNode *
spm_xml_next_ns(const xmlNode *node, const char *name, const char *href)
{
    return first_from(node->next, name, href);
}

xmlNode *
spm_xml_child(const xmlNode *node, const char *name)
{
    return spm_xml_child_ns(node, name, NULL);
}

xmlNode *
spm_xml_next(const xmlNode *node, const char *name)
{
    return spm_xml_next_ns(node, name, NULL);
}

char *
spm_xml_attr(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, BAD_CAST name);
    char *copy = g_strdup((const char *)value);

    xmlFree(value);
    return copy;
}

gboolean
spm_xml_has_attr(const xmlNode *node, const char *name)
{
    return xmlHasNsProp(node, BAD_CAST name, NULL) != NULL;
}

void
spm_xml_set_attr(xmlNode *node, const char *name, const char *value)
{
    xmlSetNsProp(node, NULL, BAD_CAST name, BAD_CAST value);
}

void
spm_xml_del_attr(xmlNode *node, const char *name)
{
    xmlUnsetNsProp(node, NULL, BAD_CAST name);
}

char *
spm_xml_text(const xmlNode *node)
{
    g_autofree char *copy = NULL;
    xmlChar *content;

    if (!node)
        return NULL;
    content = xmlNodeGetContent(node);
    copy = g_strdup(content ? (const char *)content : "");
    xmlFree(content);
    return g_strdup(g_strstrip(copy));
}

void
spm_xml_set_text(xmlNode *node, const char *text)
{
    xmlNodeSetContent(node, NULL);
    xmlNodeAddContent(node, BAD_CAST text);
}

static gboolean
is_space(const xmlNode *node)
{
    return node && node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/* The white space a new child of @parent starts with: that of the children it
 * has, else a line break and two columns more than @parent itself. */
static char *
child_indent(const xmlNode *parent)
{
    for (const xmlNode *child = parent->children; child; child = child->next) {
        if (is_space(child) && child->next)
            return g_strdup((const char *)child->content);
    }
    if (parent->children)
        return NULL;
    if (is_space(parent->prev)) {
        const char *own = strrchr((const char *)parent->prev->content, '\n');

        return own ? g_strconcat(own, "  ", NULL) : NULL;
    }
    return NULL;
}

static void
add_space_before(xmlNode *node, const char *space)
{
    xmlAddPrevSibling(node, xmlNewDocText(node->doc, BAD_CAST space));
}

void
spm_xml_insert(xmlNode *parent, xmlNode *before, xmlNode *node)
{
    g_autofree char *indent = child_indent(parent);
    gboolean was_empty = parent->children == NULL;
    xmlNode *tail = parent->last;

    /* The white space in front of @before stays its own: the new line goes
     * ahead of it. At the end, the closing tag keeps the last white space. */
    if (before)
        xmlAddPrevSibling(is_space(before->prev) ? before->prev : before, node);
    else if (is_space(tail))
        xmlAddPrevSibling(tail, node);
    else
        xmlAddChild(parent, node);

    if (!indent)
        return;
    add_space_before(node, indent);
    if (was_empty && is_space(parent->prev)) {
        const char *own = strrchr((const char *)parent->prev->content, '\n');

        xmlAddNextSibling(node, xmlNewDocText(node->doc, BAD_CAST own));
    }
}

void
spm_xml_unlink(xmlNode *node)
{
    xmlNode *parent = node->parent;
    xmlNode *space = node->prev;

    xmlUnlinkNode(node);
    if (is_space(space)) {
        xmlUnlinkNode(space);
        xmlFreeNode(space);
    }
    /* An element left with nothing but white space closes itself. */
    if (parent && parent->children && spm_xml_is_blank(parent)) {
        while (parent->children) {
            xmlNode *rest = parent->children;

            xmlUnlinkNode(rest);
            xmlFreeNode(rest);
        }
    }
}

xmlNode *
spm_xml_add(xmlNode *parent, xmlNode *before, xmlNs *ns, const char *name, const char *text)
{
    xmlNode *node = xmlNewDocNode(parent->doc, ns, BAD_CAST name, NULL);

    if (text)
        xmlNodeAddContent(node, BAD_CAST text);
    spm_xml_insert(parent, before, node);
    return node;
}

static gboolean
has_text(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        if ((child->type == XML_TEXT_NODE && !xmlIsBlankNode(child)) ||
            child->type == XML_CDATA_SECTION_NODE || child->type == XML_ENTITY_REF_NODE)
            return TRUE;
    }
    return FALSE;
}

static void
drop_space(xmlNode *node)
{
    for (xmlNode *child = node->children; child;) {
        xmlNode *next = child->next;

        if (is_space(child)) {
            xmlUnlinkNode(child);
            xmlFreeNode(child);
        }
        child = next;
    }
}

void
spm_xml_reindent(xmlNode *node)
{
    const char *own = is_space(node->prev) ? strrchr((const char *)node->prev->content, '\n') : NULL;
    g_autofree char *inner = own ? g_strconcat(own, "  ", NULL) : NULL;

    if (!own || !node->children || has_text(node))
        return;
    drop_space(node);
    for (xmlNode *child = node->children; child; child = child->next) {
        add_space_before(child, inner);
        if (child->type == XML_ELEMENT_NODE)
            spm_xml_reindent(child);
    }
    if (node->last)
        xmlAddChild(node, xmlNewDocText(node->doc, BAD_CAST own));
}

void
spm_xml_remove(xmlNode *node)
{
    spm_xml_unlink(node);
    xmlFreeNode(node);
}

gboolean
spm_xml_is_blank(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (!is_space(child))
            return FALSE;
    }
    return TRUE;
}

gboolean
spm_xml_uses_unbound(const xmlNode *node, const char *prefix)
{
    g_autofree char *written = g_strconcat(prefix, ":", NULL);

    if (!node->ns && g_str_has_prefix((const char *)node->name, written))
        return TRUE;
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        if (!attr->ns && g_str_has_prefix((const char *)attr->name, written))
            return TRUE;
    }
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && spm_xml_uses_unbound(child, prefix))
            return TRUE;
    }
    return FALSE;
}
