/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_xml_reader.h"

#include <libxml/parser.h>

#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_xml.h"

/* XML_PARSE_HUGE stays off: libxml2's own limits (256 levels, 10 MB of text)
 * are far above any domain and guard against documents made to be slow.
 * XML_PARSE_BIG_LINES: errors beyond line 65,535 name the right line.
 * XML_PARSE_COMPACT: a text node holds its text where an element has its attributes, if
 * it is short; so only an element's are looked at. */
#define PARSE_OPTIONS                                                                              \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES |             \
     XML_PARSE_COMPACT)

/* A parser that has read more is made anew. */
#define LENGTH_MAX (16 * 1024)
#define NAMES_MAX 2000

static xmlDoc *
read_with(xmlParserCtxt *context, const char *xml, gsize length, GError **error)
{
    xmlDoc *doc =
        context ? xmlCtxtReadMemory(context, xml, (int)length, "domain.xml", NULL, PARSE_OPTIONS)
                : NULL;

    if (!doc) {
        const xmlError *last = context ? xmlCtxtGetLastError(context) : NULL;
        g_autofree char *why = g_strdup(last && last->message ? last->message : "not XML");

        g_set_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL, "at line %d: %s", last ? last->line : 0,
                    g_strstrip(why));
        if (error && last)
            spm_error_set_line(*error, last->line);
        return NULL;
    }
    if (doc->intSubset) {
        g_set_error_literal(error, SPM_ERROR, SPM_ERROR_XML_DETAIL,
                            "the document has a DTD, which a domain never needs; remove <!DOCTYPE>");
        xmlFreeDoc(doc);
        return NULL;
    }
    return doc;
}

/* Does the parser still take about as much memory as a new one? Its tables grow with what
 * a document has of something, and the dictionary with each name. */
static gboolean
is_small(const xmlParserCtxt *context, gsize length)
{
    return length <= LENGTH_MAX && xmlDictSize(context->dict) <= NAMES_MAX;
}

static GPrivate parser = G_PRIVATE_INIT((GDestroyNotify)xmlFreeParserCtxt);

xmlDoc *
spm_xml_read(const char *xml, gsize length, GError **error)
{
    xmlParserCtxt *context = g_private_get(&parser);
    xmlDoc *doc;

    spm_memory_share_with_libxml2();
    if (!context)
        g_private_set(&parser, context = xmlNewParserCtxt());
    doc = read_with(context, xml, length, error);
    /* An error's parser goes with it: nothing of it may reach the next document. */
    if (!doc || !is_small(context, length))
        g_private_replace(&parser, NULL);
    else
        xmlCtxtReset(context); /* the text it has read */
    return doc;
}
