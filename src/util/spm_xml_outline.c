/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_xml_outline.h"

#include <string.h>

#include "util/spm_memory.h"

/* ---- reading tags ----
 *
 * Every function returns FALSE for what is no XML or is unusual, and then the
 * document is parsed as a whole.
 */

/* Stands for a run while libxml2 reads the rest; a document that has the word itself is
 * parsed as a whole. */
#define PLACEHOLDER "virtspm-text"

/* libxml2 goes no deeper than 256. */
#define DEPTH_MAX 200

typedef struct {
    const char *p;
    const char *end;
} Scanner;

typedef struct {
    const char *start; /* its '<' */
    const char *name;
    gsize length;
    gboolean opens, closes; /* both: it is empty */
} Tag;

static gboolean
is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

static gboolean
looking_at(const Scanner *scanner, const char *word)
{
    gsize length = strlen(word);

    return (gsize)(scanner->end - scanner->p) >= length && memcmp(scanner->p, word, length) == 0;
}

static gboolean
skip_past(Scanner *scanner, const char *word)
{
    const char *found = memmem(scanner->p, (gsize)(scanner->end - scanner->p), word, strlen(word));

    if (found)
        scanner->p = found + strlen(word);
    return found != NULL;
}

static void
skip_space(Scanner *scanner)
{
    while (scanner->p < scanner->end && g_ascii_isspace(*scanner->p))
        scanner->p++;
}

/* A name without a prefix. */
static gboolean
read_name(Scanner *scanner, const char **name, gsize *length)
{
    *name = scanner->p;
    while (scanner->p < scanner->end && is_name(*scanner->p))
        scanner->p++;
    *length = (gsize)(scanner->p - *name);
    return *length > 0 && (g_ascii_isalpha(**name) || **name == '_');
}

/* References other than those of XML itself are for libxml2. */
static gboolean
check_text(const char *text, const char *end)
{
    static const char *const known[] = { "&lt;", "&gt;", "&amp;", "&quot;", "&apos;" };

    while ((text = memchr(text, '&', (gsize)(end - text)))) {
        gsize length = 0;

        for (gsize i = 0; length == 0 && i < G_N_ELEMENTS(known); i++) {
            if ((gsize)(end - text) >= strlen(known[i]) &&
                memcmp(text, known[i], strlen(known[i])) == 0)
                length = strlen(known[i]);
        }
        if (length == 0)
            return FALSE;
        text += length;
    }
    return TRUE;
}

static gboolean
skip_attribute(Scanner *scanner)
{
    const char *name;
    const char *close;
    gsize length;

    if (!read_name(scanner, &name, &length) || (length == 5 && memcmp(name, "xmlns", 5) == 0) ||
        scanner->end - scanner->p < 2 || scanner->p[0] != '=' ||
        (scanner->p[1] != '"' && scanner->p[1] != '\''))
        return FALSE;
    close = memchr(scanner->p + 2, scanner->p[1], (gsize)(scanner->end - scanner->p - 2));
    if (!close || memchr(scanner->p, '<', (gsize)(close - scanner->p)) ||
        !check_text(scanner->p, close))
        return FALSE;
    scanner->p = close + 1;
    return TRUE;
}

/* The tag at the scanner, which stands at its '<'. */
static gboolean
read_tag(Scanner *scanner, Tag *tag)
{
    gboolean end_tag = looking_at(scanner, "</");

    tag->start = scanner->p;
    tag->opens = !end_tag;
    tag->closes = end_tag;
    scanner->p += end_tag ? 2 : 1;
    if (!read_name(scanner, &tag->name, &tag->length))
        return FALSE;
    while (TRUE) {
        const char *before = scanner->p;

        skip_space(scanner);
        if (looking_at(scanner, ">")) {
            scanner->p++;
            return TRUE;
        }
        if (looking_at(scanner, "/>") && !end_tag) {
            scanner->p += 2;
            tag->closes = TRUE;
            return TRUE;
        }
        if (end_tag || scanner->p == before || !skip_attribute(scanner))
            return FALSE;
    }
}

/* The next tag; text, comments, CDATA and processing instructions are passed over. */
static gboolean
next_tag(Scanner *scanner, Tag *tag)
{
    while (scanner->p < scanner->end) {
        const char *open = memchr(scanner->p, '<', (gsize)(scanner->end - scanner->p));

        if (!open || !check_text(scanner->p, open) ||
            memmem(scanner->p, (gsize)(open - scanner->p), "]]>", 3))
            return FALSE;
        scanner->p = open;
        if (looking_at(scanner, "<!--")) {
            const char *comment = scanner->p += strlen("<!--");

            /* Only its end may hold "--". */
            if (!skip_past(scanner, "--") || scanner->p == comment || !looking_at(scanner, ">"))
                return FALSE;
        } else if (looking_at(scanner, "<![CDATA[") || looking_at(scanner, "<?") ||
                   looking_at(scanner, "<!")) {
            /* Rare in a domain, and not worth rules of their own. */
            return FALSE;
        } else {
            return read_tag(scanner, tag);
        }
    }
    return FALSE;
}

static gboolean
same_name(const Tag *a, const Tag *b)
{
    return a->length == b->length && memcmp(a->name, b->name, a->length) == 0;
}

/* Past the end of the element that @tag, just read, opens. */
static gboolean
skip_element(Scanner *scanner, const Tag *tag)
{
    Tag open[DEPTH_MAX];
    guint depth = 0;
    Tag next = *tag;

    while (TRUE) {
        if (next.opens && !next.closes) {
            if (depth == DEPTH_MAX)
                return FALSE;
            open[depth++] = next;
        } else if (!next.opens && (depth == 0 || !same_name(&open[--depth], &next))) {
            return FALSE;
        }
        if (depth == 0)
            return TRUE;
        if (!next_tag(scanner, &next))
            return FALSE;
    }
}

/* ---- runs ---- */

typedef struct {
    const char *start;
    const char *end;
} Run;

static gboolean
is_seen(const SpmXmlOutline *outline, const Tag *tag, const char *end)
{
    for (const char *const *name = outline->seen; *name; name++) {
        if (strlen(*name) == tag->length && memcmp(*name, tag->name, tag->length) == 0)
            return TRUE;
    }
    return memmem(tag->start, (gsize)(end - tag->start), outline->word, strlen(outline->word)) != NULL;
}

/* The children of the element that was just opened, in runs; up to its end. */
static gboolean
find_runs(Scanner *scanner, const SpmXmlOutline *outline, GArray *runs)
{
    gboolean running = FALSE;
    Tag tag;

    while (next_tag(scanner, &tag)) {
        if (!tag.opens)
            return TRUE;
        if (!skip_element(scanner, &tag))
            return FALSE;
        if (is_seen(outline, &tag, scanner->p)) {
            running = FALSE;
        } else if (running) {
            g_array_index(runs, Run, runs->len - 1).end = scanner->p;
        } else {
            Run run = { tag.start, scanner->p };

            g_array_append_val(runs, run);
            running = TRUE;
        }
    }
    return FALSE;
}

/* The runs below the first child of the root that has the parent's name. What is
 * in front of it may be anything with namespaces: there it is only passed over. */
static gboolean
find_in_document(const char *xml, gsize length, const SpmXmlOutline *outline, GArray *runs)
{
    Scanner scanner = { xml, xml + length };
    g_autofree char *open = g_strdup_printf("<%s>", outline->parent);

    if (!skip_past(&scanner, open))
        return FALSE;
    return find_runs(&scanner, outline, runs);
}

/* ---- the document ---- */

/* The text with an instruction for each run, that has as many lines: errors name
 * the same ones. */
static GString *
shorten(const char *xml, gsize length, const GArray *runs)
{
    GString *text = g_string_sized_new(length / 2);
    const char *rest = xml;

    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);

        g_string_append_len(text, rest, run->start - rest);
        g_string_append(text, "<?" PLACEHOLDER " ");
        for (const char *p = run->start; (p = memchr(p, '\n', (gsize)(run->end - p))); p++)
            g_string_append_c(text, '\n');
        g_string_append(text, "?>");
        rest = run->end;
    }
    g_string_append_len(text, rest, xml + length - rest);
    return text;
}

/* Gives each instruction its text. FALSE when they are not where they should be: the
 * parent that was found is in a comment, say. */
static gboolean
fill_in(const xmlDoc *doc, const SpmXmlOutline *outline, const GArray *runs)
{
    const xmlNode *parent = spm_xml_child(xmlDocGetRootElement(doc), outline->parent);
    guint count = 0;

    for (xmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        const Run *run = &g_array_index(runs, Run, count);

        if (node->type != XML_PI_NODE || !xmlStrEqual(node->name, BAD_CAST PLACEHOLDER))
            continue;
        xmlNodeSetName(node, BAD_CAST SPM_XML_KEPT_TEXT);
        xmlNodeSetContentLen(node, BAD_CAST run->start, (int)(run->end - run->start));
        count++;
    }
    return count == runs->len;
}

/* A character that XML has not, or a carriage return, which is another to a parser
 * (XML 1.0, 2.2 and 2.11)? */
static gboolean
has_control(const char *xml, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if ((guchar)xml[i] < ' ' && xml[i] != '\n' && xml[i] != '\t')
            return TRUE;
    }
    return FALSE;
}

static xmlDoc *
parse_shortened(const char *xml, gsize length, const SpmXmlOutline *outline)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autoptr(xmlDoc) doc = NULL;
    GString *text;

    /* Room is asked for the whole document, whose texts are copied too. A declaration
     * may name another encoding than UTF-8. */
    if (length > SPM_XML_MAX || !spm_memory_suffices(length, NULL) ||
        (length > 5 && memcmp(xml, "<?xml", 5) == 0) || has_control(xml, length) ||
        memmem(xml, length, PLACEHOLDER, strlen(PLACEHOLDER)) ||
        !g_utf8_validate_len(xml, length, NULL) ||
        !find_in_document(xml, length, outline, runs) || runs->len == 0)
        return NULL;
    text = shorten(xml, length, runs);
    doc = spm_xml_parse(text->str, text->len, NULL);
    g_string_free(text, TRUE);
    return doc && fill_in(doc, outline, runs) ? g_steal_pointer(&doc) : NULL;
}

xmlDoc *
spm_xml_parse_outline(const char *xml, gsize length, const SpmXmlOutline *outline, GError **error)
{
    xmlDoc *doc = parse_shortened(xml, length, outline);

    return doc ? doc : spm_xml_parse(xml, length, error);
}
