/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_xml.h"

#include <string.h>

#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_xml_reader.h"

xmlDoc *
spm_xml_parse(const char *xml, gsize length, GError **error)
{
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
    return spm_memory_suffices(length, error) ? spm_xml_read(xml, length, error) : NULL;
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

/* Most comparisons end at the first character. */
static inline gboolean
is_word(const xmlChar *text, const char *word)
{
    return text[0] == (xmlChar)word[0] && strcmp((const char *)text, word) == 0;
}

gboolean
spm_xml_is_ns(const xmlNode *node, const char *name, const char *href)
{
    if (!node || node->type != XML_ELEMENT_NODE || !node->ns != !href ||
        (name && !is_word(node->name, name)))
        return FALSE;
    return !href || (node->ns->href && is_word(node->ns->href, href));
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

static const xmlAttr *
find_attr(const xmlNode *node, const char *name)
{
    const xmlAttr *attr = node && node->type == XML_ELEMENT_NODE ? node->properties : NULL;

    while (attr && (attr->ns || !is_word(attr->name, name)))
        attr = attr->next;
    return attr;
}

/* The value when it is one piece, as nearly all are; else NULL. */
static const char *
value_of(const xmlAttr *attr)
{
    const xmlNode *only = attr->children;

    if (!only)
        return "";
    return only->type == XML_TEXT_NODE && !only->next ? (const char *)only->content : NULL;
}

char *
spm_xml_attr(const xmlNode *node, const char *name)
{
    const xmlAttr *attr = find_attr(node, name);
    const char *value = attr ? value_of(attr) : NULL;
    xmlChar *joined;
    char *copy;

    if (!attr || value)
        return g_strdup(value);
    joined = xmlNodeListGetString(attr->doc, attr->children, 1);
    copy = g_strdup(joined ? (const char *)joined : "");
    xmlFree(joined);
    return copy;
}

gboolean
spm_xml_attr_is(const xmlNode *node, const char *name, const char *value)
{
    const xmlAttr *attr = find_attr(node, name);
    const char *simple = attr ? value_of(attr) : NULL;
    g_autofree char *joined = NULL;

    if (!attr || simple)
        return g_strcmp0(simple, value) == 0;
    joined = spm_xml_attr(node, name);
    return g_strcmp0(joined, value) == 0;
}

gboolean
spm_xml_has_attr(const xmlNode *node, const char *name)
{
    return find_attr(node, name) != NULL;
}

void
spm_xml_set_attr(xmlNode *node, const char *name, const char *value)
{
    xmlSetNsProp(node, NULL, BAD_CAST name, BAD_CAST value);
}

void
spm_xml_set_number(xmlNode *node, const char *name, guint64 value)
{
    char digits[32];
    char *p = digits + sizeof digits - 1;

    *p = '\0';
    do {
        *--p = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    spm_xml_set_attr(node, name, p);
}

void
spm_xml_del_attr(xmlNode *node, const char *name)
{
    xmlUnsetNsProp(node, NULL, BAD_CAST name);
}

/* A copy of @text without the white space around it. */
static char *
stripped(const char *text)
{
    const char *end = text + strlen(text);

    while (g_ascii_isspace(*text))
        text++;
    while (end > text && g_ascii_isspace(end[-1]))
        end--;
    return g_strndup(text, (gsize)(end - text));
}

char *
spm_xml_text(const xmlNode *node)
{
    const xmlNode *only = node ? node->children : NULL;
    xmlChar *content;
    char *text;

    if (!node)
        return NULL;
    if (only && only->type == XML_TEXT_NODE && !only->next)
        return stripped((const char *)only->content);
    content = xmlNodeGetContent(node);
    text = stripped(content ? (const char *)content : "");
    xmlFree(content);
    return text;
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
    const xmlChar *p;

    if (!node || node->type != XML_TEXT_NODE)
        return FALSE;
    for (p = node->content; p && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'); p++)
        continue;
    return !p || *p == '\0';
}

/* The line break in front of @node, and how far it is indented. */
static const char *
own_indent(const xmlNode *node)
{
    return is_space(node->prev) ? strrchr((const char *)node->prev->content, '\n') : NULL;
}

static void
add_space_before(xmlNode *node, const char *space)
{
    xmlAddPrevSibling(node, xmlNewDocText(node->doc, BAD_CAST space));
}

/* Set @node on a line of its own like its siblings, if there are any. */
static void
indent_like_siblings(xmlNode *node)
{
    for (const xmlNode *child = node->parent->children; child; child = child->next) {
        if (child != node && is_space(child) && child->next) {
            add_space_before(node, (const char *)child->content);
            return;
        }
    }
}

/* The same for an only child: two columns more than its parent, whose end goes on a line
 * of its own. */
static void
indent_in_parent(xmlNode *node)
{
    const char *own = own_indent(node->parent);
    g_autofree char *inner = own ? g_strconcat(own, "  ", NULL) : NULL;

    if (!own)
        return;
    add_space_before(node, inner);
    xmlAddNextSibling(node, xmlNewDocText(node->doc, BAD_CAST own));
}

void
spm_xml_insert(xmlNode *parent, xmlNode *before, xmlNode *node)
{
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

    if (was_empty)
        indent_in_parent(node);
    else
        indent_like_siblings(node);
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
    const char *own = own_indent(node);
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

/* Is this a name of no namespace that begins with the prefix and a colon? */
static inline gboolean
is_unbound(const xmlNs *ns, const xmlChar *name, const char *prefix, gsize length)
{
    return !ns && name[0] == (xmlChar)prefix[0] &&
           strncmp((const char *)name, prefix, length) == 0 && name[length] == ':';
}

static gboolean
uses_unbound(const xmlNode *node, const char *prefix, gsize length)
{
    if (is_unbound(node->ns, node->name, prefix, length))
        return TRUE;
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        if (is_unbound(attr->ns, attr->name, prefix, length))
            return TRUE;
    }
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && uses_unbound(child, prefix, length))
            return TRUE;
    }
    return FALSE;
}

gboolean
spm_xml_uses_unbound(const xmlNode *node, const char *prefix)
{
    return uses_unbound(node, prefix, strlen(prefix));
}
