/*
 * spm_xml_outline.h: a document of which the parts nobody looks at stay text
 *
 * SPM has to do with few of a domain's elements. A tree of the others, made and
 * freed, costs far more than all that is done to the rest. So runs of them are
 * taken out of the text before libxml2 sees it, and in the tree a processing
 * instruction stands for each and holds its text. spm_xml_format() writes that text
 * where the run was, byte for byte.
 *
 * This is a short cut, never another meaning: the whole root element is checked to be
 * plain and properly nested; a document in which anything is unusual is parsed as a
 * whole, and so are its errors told. (Only that an element has an attribute twice is
 * left for libvirt to find.)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_xml.h"

G_BEGIN_DECLS

/* The name of those processing instructions in a tree. No document can have one: it is
 * no XML name. */
#define SPM_XML_KEPT_TEXT "virtspm text"

/* An element that is looked at. */
typedef struct _SpmXmlOutline SpmXmlOutline;
struct _SpmXmlOutline {
    const char *name;
    /* Those of its children that are looked at, ended by one without a name. NULL: all of
     * it is. */
    const SpmXmlOutline *children;
    /* Children that declare a namespace of their own, and use no other, may stay text as
     * well unless this word is in them. NULL: what is in a namespace is looked at. */
    const char *foreign;
};

/* As spm_xml_parse(). @root is the root element; in any other the whole is looked at, as
 * are elements with a descendant that has the attribute @attribute. */
xmlDoc *spm_xml_parse_outline(const char *xml, gsize length, const SpmXmlOutline *root,
                              const char *attribute, GError **error);

/* Does this node stand for a run? */
gboolean spm_xml_is_kept_text(const xmlNode *node);
/* Give the run its nodes, in its place. Returns the first of them. Their lines are not
 * those of the document. */
xmlNode *spm_xml_unfold(xmlNode *kept);
/* The same for each run among the children of @parent: whoever counts them, or puts
 * something between them. */
void spm_xml_unfold_children(xmlNode *parent);

G_END_DECLS
