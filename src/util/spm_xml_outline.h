/*
 * spm_xml_outline.h: a document of which the parts nobody looks at stay text
 *
 * Most of a domain is its devices, and SPM has to do with few of them. A tree of the
 * others, made and freed, costs far more than all that is done to the rest. So
 * runs of them are taken out of the text before libxml2 sees it, and in the tree a
 * processing instruction stands for each and holds its text. spm_xml_format()
 * writes that text where the run was, byte for byte.
 *
 * This is a short cut, never another meaning: what is taken out is checked to be
 * whole elements, properly nested, without namespaces; a document in which
 * anything is unusual is parsed as a whole, and so are its errors told. (Only that
 * an element has an attribute twice is left for libvirt to find.)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_xml.h"

G_BEGIN_DECLS

/* The name of those processing instructions in a tree. No document can have one: it is
 * no XML name. */
#define SPM_XML_KEPT_TEXT "virtspm text"

typedef struct {
    const char *parent;      /* the child of the root element whose children may stay text */
    const char *const *seen; /* except those of these names, NULL-terminated */
    const char *word;        /* and those with this word anywhere in them */
} SpmXmlOutline;

/* As spm_xml_parse(). */
xmlDoc *spm_xml_parse_outline(const char *xml, gsize length, const SpmXmlOutline *outline,
                              GError **error);

G_END_DECLS
