/*
 * spm_xml.h: safe parsing of XML, and the few tree helpers all layers share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/* The longest string libvirt's RPC carries (REMOTE_STRING_MAX, 4 MiB). */
#define SPM_XML_MAX (4 * 1024 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* Parse a document from memory: no network, no external entities, no DTD
 * loading, no entity expansion, white space and comments kept. Refuses what is
 * longer than SPM_XML_MAX, or holds a NUL byte or a DTD.
 * Errors: SPM_ERROR_XML_DETAIL, "at line 3: ..."; SPM_ERROR_OPERATION_FAILED when
 * there is not memory enough (spm_memory.h). */
xmlDoc *spm_xml_parse(const char *xml, gsize length, GError **error);

/* The whole document as UTF-8 text, with an XML declaration only when @doc came
 * with one. @quote (' or ") goes around attribute values: libvirt writes ',
 * libxml2 can only write ", and a document should come back in the style it
 * came in (spm_xml_quote). Caller frees. */
char *spm_xml_format(const xmlDoc *doc, char quote);
char *spm_xml_format_node(const xmlNode *node, char quote);
/* The quote the first attribute of this text uses; ' when it has none. */
char spm_xml_quote(const char *xml, gsize length);

/* Set @error with this code, message and the line of @node. */
void spm_xml_error(GError **error, const xmlNode *node, int code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* First child element of no namespace with this name, or NULL. @node may be NULL. */
xmlNode *spm_xml_child(const xmlNode *node, const char *name);
/* The next sibling element of the same name and no namespace. */
xmlNode *spm_xml_next(const xmlNode *node, const char *name);
/* First child element in namespace @href. */
xmlNode *spm_xml_child_ns(const xmlNode *node, const char *name, const char *href);
xmlNode *spm_xml_next_ns(const xmlNode *node, const char *name, const char *href);
gboolean spm_xml_is(const xmlNode *node, const char *name);
gboolean spm_xml_is_ns(const xmlNode *node, const char *name, const char *href);

/* Attribute of no namespace, or NULL. Caller frees with g_free(). */
char *spm_xml_attr(const xmlNode *node, const char *name);
/* Is that its value? NULL: is there no such attribute? */
gboolean spm_xml_attr_is(const xmlNode *node, const char *name, const char *value);
gboolean spm_xml_has_attr(const xmlNode *node, const char *name);
void spm_xml_set_attr(xmlNode *node, const char *name, const char *value);
void spm_xml_set_number(xmlNode *node, const char *name, guint64 value);
void spm_xml_del_attr(xmlNode *node, const char *name);
/* Text content, stripped of white space around it. Caller frees. NULL for a NULL node. */
char *spm_xml_text(const xmlNode *node);
/* Replace the content by this text. */
void spm_xml_set_text(xmlNode *node, const char *text);

/* Insert @node as a child of @parent before @before (NULL: at the end), on a
 * line of its own, indented like its neighbours. Takes @node. */
void spm_xml_insert(xmlNode *parent, xmlNode *before, xmlNode *node);
/* Make a new element, with @text in it unless NULL, and insert it that way.
 * Returns it; the document owns it. @ns may be NULL. */
xmlNode *spm_xml_add(xmlNode *parent, xmlNode *before, xmlNs *ns, const char *name,
                     const char *text);
/* Lay out what is below @node again, from where @node stands now. Elements with
 * text in them, and documents written in one line, stay as they are. */
void spm_xml_reindent(xmlNode *node);
/* Take @node out together with the white space that set it on its own line;
 * the caller owns it (xmlFreeNode). */
void spm_xml_unlink(xmlNode *node);
/* The same, and free it. */
void spm_xml_remove(xmlNode *node);
/* Is there nothing but white space in @node: no element, comment or text? */
gboolean spm_xml_is_blank(const xmlNode *node);

/* Does a name at or below @node have this prefix without a namespace behind it?
 * libvirt passes over such an element; declaring the prefix above it would bring it
 * to life. */
gboolean spm_xml_uses_unbound(const xmlNode *node, const char *prefix);

/* Do two documents say the same? Elements, attributes (in any order), comments,
 * processing instructions and text in order; white space between elements
 * does not count. On FALSE, *where (may be NULL) names the first difference. */
gboolean spm_xml_equal(const xmlDoc *a, const xmlDoc *b, char **where);

G_END_DECLS
