/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_xml_outline.h"

#include <string.h>

#include "util/spm_memory.h"
#include "util/spm_xml_reader.h"
#include "util/spm_xml_scan.h"

/* Stands for a run while libxml2 reads the rest. A document that has instructions of its
 * own is parsed as a whole. */
#define PLACEHOLDER "virtspm-text"

/* ---- runs ---- */

typedef struct {
    const char *start;
    const char *end;
} Run;

static const SpmXmlOutline *
find_entry(const SpmXmlOutline *entries, const SpmXmlTag *tag)
{
    for (; entries->name; entries++) {
        if (spm_xml_tag_is(tag, entries->name))
            return entries;
    }
    return NULL;
}

/* May this child of @parent, which has no entry of its own, stay text? */
static gboolean
stays(const SpmXmlOutline *parent, const char *start, const char *end, const SpmXmlHeld *held)
{
    if (held->attribute)
        return FALSE;
    if (!held->namespaces)
        return TRUE;
    return held->own && parent->foreign &&
           !memmem(start, (gsize)(end - start), parent->foreign, strlen(parent->foreign));
}

/* Is there white space in front of the tag, and nothing else? */
static gboolean
is_on_its_own(const SpmXmlTag *tag)
{
    const char *p = tag->text;

    while (p < tag->start && g_ascii_isspace(*p))
        p++;
    return p == tag->start && p > tag->text;
}

/* The runs among the children of an element of the outline whose tag was just read; past
 * its end. The white space that sets a child on a line of its own becomes part of its run,
 * but not the first there is: it shows how children are indented. */
static gboolean
find_runs(SpmXmlScan *scan, const SpmXmlOutline *outline, GArray *runs)
{
    gboolean running = FALSE;
    gboolean indented = FALSE;
    SpmXmlTag child;

    while (spm_xml_scan_next(scan, &child)) {
        const SpmXmlOutline *entry = find_entry(outline->children, &child);
        gboolean own_line = is_on_its_own(&child);
        gboolean kept = FALSE;
        SpmXmlHeld held;

        if (!child.opens)
            return TRUE; /* libxml2 sees whether it is the right one */
        if (entry && entry->children && !child.closes) {
            if (!find_runs(scan, entry, runs))
                return FALSE;
        } else if (entry || (child.prefix > 0 && !outline->foreign)) {
            if (!spm_xml_scan_pass(scan, &child))
                return FALSE;
        } else if (spm_xml_scan_skip(scan, &child, &held)) {
            kept = stays(outline, child.start, scan->p, &held);
        } else {
            return FALSE;
        }
        if (kept && running && (indented || !own_line)) {
            g_array_index(runs, Run, runs->len - 1).end = scan->p;
        } else if (kept) {
            Run run = { own_line && indented ? child.text : child.start, scan->p };

            g_array_append_val(runs, run);
        }
        running = kept;
        indented = indented || own_line;
    }
    return FALSE;
}

/* What is around the root element is left for libxml2 to judge. */
static gboolean
find_in_document(const char *xml, gsize length, const SpmXmlOutline *root, const char *attribute,
                 GArray *runs)
{
    SpmXmlScan scan = { xml, xml + length, attribute };
    SpmXmlTag tag;

    return spm_xml_scan_next(&scan, &tag) && tag.opens && !tag.closes &&
           spm_xml_tag_is(&tag, root->name) && find_runs(&scan, root, runs);
}

/* ---- the document ---- */

#define PLACEHOLDER_START "<?" PLACEHOLDER " "
#define PLACEHOLDER_END "?>"

/* libxml2 looks for more input whenever less than this is left of it, which is at each
 * step in a text that is no longer than that. */
#define PADDING 256

static char *
put(char *to, const char *from, gsize length)
{
    memcpy(to, from, length);
    return to + length;
}

/* The longest that shorten() can make of it. */
static gsize
room_for(gsize length, const GArray *runs)
{
    return length + runs->len * strlen(PLACEHOLDER_START PLACEHOLDER_END) + PADDING;
}

/* Writes the text with an instruction for each run, that has as many lines: errors name
 * the same ones. Returns its length. */
static gsize
shorten(const char *xml, gsize length, const GArray *runs, char *text)
{
    const char *rest = xml;
    char *to = text;

    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);

        to = put(to, rest, (gsize)(run->start - rest));
        to = put(to, PLACEHOLDER_START, strlen(PLACEHOLDER_START));
        for (const char *p = run->start; (p = memchr(p, '\n', (gsize)(run->end - p))); p++)
            *to++ = '\n';
        to = put(to, PLACEHOLDER_END, strlen(PLACEHOLDER_END));
        rest = run->end;
    }
    to = put(to, rest, (gsize)(xml + length - rest));
    memset(to, ' ', PADDING);
    return (gsize)(to - text) + PADDING;
}

/* The document without its runs. */
static xmlDoc *
read_shortened(const char *xml, gsize length, const GArray *runs)
{
    gsize room = room_for(length, runs);
    char small[16 * 1024];
    g_autofree char *large = room > sizeof small ? g_malloc(room) : NULL;
    char *text = large ? large : small;

    return spm_xml_read(text, shorten(xml, length, runs, text), NULL);
}

/* Gives each instruction its text. FALSE when they are not where they should be: an
 * element has a name of the outline, and a default namespace. */
static gboolean
fill_in(xmlNode *parent, const SpmXmlOutline *outline, const GArray *runs, guint *count)
{
    for (xmlNode *node = parent->children; node; node = node->next) {
        if (node->type == XML_PI_NODE && xmlStrEqual(node->name, BAD_CAST PLACEHOLDER)) {
            const Run *run = &g_array_index(runs, Run, *count);

            if (*count == runs->len)
                return FALSE;
            xmlNodeSetName(node, BAD_CAST SPM_XML_KEPT_TEXT);
            xmlNodeSetContentLen(node, BAD_CAST run->start, (int)(run->end - run->start));
            (*count)++;
            continue;
        }
        if (node->type != XML_ELEMENT_NODE)
            continue;
        for (const SpmXmlOutline *entry = outline->children; entry->name; entry++) {
            if (entry->children && spm_xml_is(node, entry->name) &&
                !fill_in(node, entry, runs, count))
                return FALSE;
        }
    }
    return TRUE;
}

static xmlDoc *
parse_shortened(const char *xml, gsize length, const SpmXmlOutline *root, const char *attribute)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autoptr(xmlDoc) doc = NULL;
    guint count = 0;

    /* A declaration may name another encoding than UTF-8. */
    if ((length > 5 && memcmp(xml, "<?xml", 5) == 0) || !spm_xml_scan_characters(xml, length) ||
        !find_in_document(xml, length, root, attribute, runs) || runs->len == 0)
        return NULL;
    doc = read_shortened(xml, length, runs);
    return doc && fill_in(xmlDocGetRootElement(doc), root, runs, &count) && count == runs->len
               ? g_steal_pointer(&doc)
               : NULL;
}

xmlDoc *
spm_xml_parse_outline(const char *xml, gsize length, const SpmXmlOutline *root,
                      const char *attribute, GError **error)
{
    xmlDoc *doc = NULL;

    /* Room is asked for the whole document, whose texts are copied too. */
    if (length <= SPM_XML_MAX) {
        if (!spm_memory_suffices(length, error))
            return NULL;
        doc = parse_shortened(xml, length, root, attribute);
    }
    return doc ? doc : spm_xml_parse(xml, length, error);
}

/* ---- runs in a tree ---- */

gboolean
spm_xml_is_kept_text(const xmlNode *node)
{
    return node && node->type == XML_PI_NODE &&
           strcmp((const char *)node->name, SPM_XML_KEPT_TEXT) == 0;
}

xmlNode *
spm_xml_unfold(xmlNode *kept)
{
    g_autofree char *text = g_strconcat("<run>", (const char *)kept->content, "</run>", NULL);
    g_autoptr(xmlDoc) doc = spm_xml_read(text, strlen(text), NULL);
    xmlNode *first = NULL;

    /* An attribute that is there twice: libvirt will refuse the document. */
    if (!doc)
        return kept;
    for (xmlNode *node = xmlDocGetRootElement(doc)->children; node; node = node->next) {
        xmlNode *copy = xmlAddPrevSibling(kept, xmlDocCopyNode(node, kept->doc, 1));

        if (!first)
            first = copy;
    }
    xmlUnlinkNode(kept);
    xmlFreeNode(kept);
    return first;
}

void
spm_xml_unfold_children(xmlNode *parent)
{
    xmlNode *next;

    for (xmlNode *node = parent->children; node; node = next) {
        next = node->next;
        if (spm_xml_is_kept_text(node))
            spm_xml_unfold(node);
    }
}
