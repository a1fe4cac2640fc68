/*
 * Writing a document back in the style it came in (see spm_xml.h)
 *
 * libxml2's own writer always puts double quotes around attributes. libvirt
 * writes single quotes, and people diff its output, so this small writer
 * covers what a parsed document without a DTD can hold: elements, attributes,
 * text, CDATA, comments and processing instructions.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "util/spm_xml_outline.h"

#include "util/spm_memory.h"

/* ---- text ---- */

/* As g_string_append_len(), with little ado for what there is room for: nearly all of a
 * document is written a few bytes at a time. */
static inline void
append_bytes(GString *text, const char *bytes, gsize length)
{
    if (length >= text->allocated_len - text->len) {
        g_string_append_len(text, bytes, (gssize)length);
        return;
    }
    memcpy(text->str + text->len, bytes, length);
    text->len += length;
    text->str[text->len] = '\0';
}

static inline void
append(GString *text, const char *string)
{
    append_bytes(text, string, strlen(string));
}

/* What stands for @c, or NULL: itself. In an attribute (@quote) white space other
 * than a blank must be a reference, or the next parser turns it into a blank
 * (XML 1.0, 3.3.3); everywhere a carriage return must be one (2.11). */
static const char *
reference(char c, char quote)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '\r':
        return "&#13;";
    case '\n':
        return quote ? "&#10;" : NULL;
    case '\t':
        return quote ? "&#9;" : NULL;
    case '"':
        return quote == '"' ? "&quot;" : NULL;
    case '\'':
        return quote == '\'' ? "&apos;" : NULL;
    default:
        return NULL;
    }
}

/* Those for which there may be one, and the end. */
static const guint8 is_special[256] = {
    ['\0'] = 1, ['<'] = 1, ['>'] = 1, ['&'] = 1, ['\r'] = 1, ['\n'] = 1, ['\t'] = 1, ['"'] = 1, ['\''] = 1,
};

/* Copies in runs: most values hold nothing to escape. */
static void
append_escaped(GString *text, const char *value, char quote)
{
    const char *run = value;
    const char *p = value;

    while (TRUE) {
        const char *instead;

        while (!is_special[(guchar)*p])
            p++;
        if (*p == '\0')
            break;
        instead = reference(*p++, quote);
        if (!instead)
            continue;
        append_bytes(text, run, (gsize)(p - 1 - run));
        append(text, instead);
        run = p;
    }
    append_bytes(text, run, (gsize)(p - run));
}

/* ---- nodes ---- */

static void
append_name(GString *text, const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix) {
        append(text, (const char *)ns->prefix);
        g_string_append_c(text, ':');
    }
    append(text, (const char *)name);
}

static void
append_value(GString *text, const char *value, char quote)
{
    g_string_append_c(text, '=');
    g_string_append_c(text, quote);
    append_escaped(text, value ? value : "", quote);
    g_string_append_c(text, quote);
}

static void
append_attribute(GString *text, const xmlAttr *attr, char quote)
{
    const xmlNode *only = attr->children;

    g_string_append_c(text, ' ');
    append_name(text, attr->ns, attr->name);
    /* Several parts, or a reference among them, libxml2 has to put together. */
    if (only && only->type == XML_TEXT_NODE && !only->next) {
        append_value(text, (const char *)only->content, quote);
    } else {
        xmlChar *value = xmlNodeListGetString(attr->doc, only, 1);

        append_value(text, (const char *)value, quote);
        xmlFree(value);
    }
}

/* A section cannot hold "]]>", which ends it. The parser joins neighbouring
 * sections into one, so it may be in there all the same: part them again. */
static void
append_cdata(GString *text, const char *content)
{
    g_autoptr(GString) inside = g_string_new(content);

    g_string_replace(inside, "]]>", "]]]]><![CDATA[>", 0);
    spm_string_append_printf(text, "<![CDATA[%s]]>", inside->str);
}

static void append_node(GString *text, const xmlNode *node, char quote);

/* libxml2 (2.9) keeps an ampersand in the name of a namespace as a reference, and nothing
 * else of the kind. Newer ones may not. */
static gboolean
keeps_ampersands(void)
{
    static gsize answer;

    if (g_once_init_enter(&answer)) {
        static const char xml[] = "<a xmlns:b='&amp;'/>";
        g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);
        const xmlNs *ns = doc ? xmlDocGetRootElement(doc)->nsDef : NULL;

        g_once_init_leave(&answer, ns && strcmp((const char *)ns->href, "&#38;") == 0 ? 1 : 2);
    }
    return answer == 1;
}

static void
append_namespace(GString *text, const xmlNs *ns, char quote)
{
    const char *href = ns->href ? (const char *)ns->href : "";

    append(text, ns->prefix ? " xmlns:" : " xmlns");
    append(text, ns->prefix ? (const char *)ns->prefix : "");
    if (strchr(href, '&') && keeps_ampersands()) {
        g_autoptr(GString) plain = g_string_new(href);

        g_string_replace(plain, "&#38;", "&", 0);
        append_value(text, plain->str, quote);
    } else {
        append_value(text, href, quote);
    }
}

static void
append_element(GString *text, const xmlNode *node, char quote)
{
    g_string_append_c(text, '<');
    append_name(text, node->ns, node->name);
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
        append_attribute(text, attr, quote);
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
        append_namespace(text, ns, quote);
    if (!node->children) {
        append(text, "/>");
        return;
    }
    g_string_append_c(text, '>');
    for (const xmlNode *child = node->children; child; child = child->next)
        append_node(text, child, quote);
    append(text, "</");
    append_name(text, node->ns, node->name);
    g_string_append_c(text, '>');
}

static void
append_node(GString *text, const xmlNode *node, char quote)
{
    const char *content = (const char *)node->content;

    if (node->type == XML_ELEMENT_NODE) {
        append_element(text, node, quote);
    } else if (node->type == XML_TEXT_NODE) {
        append_escaped(text, content ? content : "", 0);
    } else if (node->type == XML_CDATA_SECTION_NODE) {
        append_cdata(text, content ? content : "");
    } else if (node->type == XML_COMMENT_NODE) {
        spm_string_append_printf(text, "<!--%s-->", content ? content : "");
    } else if (spm_xml_is_kept_text(node)) {
        append(text, content);
    } else if (node->type == XML_PI_NODE) {
        spm_string_append_printf(text, "<?%s%s%s?>", (const char *)node->name, content ? " " : "",
                                 content ? content : "");
    } else if (node->type == XML_ENTITY_REF_NODE) {
        spm_string_append_printf(text, "&%s;", (const char *)node->name);
    }
}

/* Most domains are not much longer. */
#define USUAL_LENGTH 6000

char *
spm_xml_format_node(const xmlNode *node, char quote)
{
    GString *text = g_string_new(NULL);

    append_node(text, node, quote);
    return g_string_free(text, FALSE);
}

char *
spm_xml_format(const xmlDoc *doc, char quote)
{
    GString *text = g_string_sized_new(USUAL_LENGTH);

    /* -1: there was no declaration (xmlDoc.standalone in libxml/tree.h). */
    if (doc->standalone != -1)
        spm_string_append_printf(text, "<?xml version=%c%s%c encoding=%cUTF-8%c?>\n", quote,
                                 (const char *)doc->version, quote, quote, quote);
    for (const xmlNode *node = doc->children; node; node = node->next) {
        append_node(text, node, quote);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

char
spm_xml_quote(const char *xml, gsize length)
{
    for (gsize i = 1; i < length; i++) {
        if ((xml[i] == '\'' || xml[i] == '"') && xml[i - 1] == '=')
            return xml[i];
    }
    return '\'';
}
