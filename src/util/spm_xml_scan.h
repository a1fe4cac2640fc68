/*
 * spm_xml_scan.h: passing over plain XML without making anything of it
 *
 * What is read is well-formed XML 1.0, as far as it is plain: elements with attributes,
 * text with XML's own five references, comments. All else counts as unusual, and so
 * does what is no XML: whoever meets it has to ask a real parser. (Left out: that an
 * element has an attribute twice, and what a namespace is called.)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    const char *p;
    const char *end;
    const char *attribute; /* to look out for; has no prefix */
} SpmXmlScan;

typedef struct {
    const char *text;  /* where the text in front of it begins, behind a tag or a comment */
    const char *start; /* its '<' */
    const char *name;  /* with its prefix */
    gsize length;
    gsize prefix;              /* the length of the prefix; 0: there is none */
    gboolean opens, closes;    /* both: the element is empty */
    gboolean has_attribute;    /* the one to look out for */
    gboolean declares_default; /* a namespace for names without a prefix */
    gboolean declares_own;     /* the prefix of the element itself */
    gboolean uses_other;       /* an attribute with another prefix, or a declaration of one */
} SpmXmlTag;

/* What is in an element, its own tags included. */
typedef struct {
    gboolean attribute;  /* the one to look out for */
    gboolean namespaces; /* a prefix, or a declaration */
    gboolean own;        /* and all of it is the prefix that its tag has and declares */
} SpmXmlHeld;

/* Is every character one that XML has (XML 1.0, 2.2), in UTF-8? Not so for a carriage
 * return, which is another character to a parser (2.11). */
gboolean spm_xml_scan_characters(const char *xml, gsize length);

/* The next tag, past text and comments. FALSE at the end, and for what is unusual. The
 * characters have to be looked at before. */
gboolean spm_xml_scan_next(SpmXmlScan *scan, SpmXmlTag *tag);
/* Past the end of the element that @tag, just read, begins. FALSE for what is unusual. */
gboolean spm_xml_scan_skip(SpmXmlScan *scan, const SpmXmlTag *tag, SpmXmlHeld *held);

/* The same where a parser reads the element as well: what is wrong in it is not looked
 * for, and references of any kind may be there. */
gboolean spm_xml_scan_pass(SpmXmlScan *scan, const SpmXmlTag *tag);

gboolean spm_xml_tag_is(const SpmXmlTag *tag, const char *name);

G_END_DECLS
