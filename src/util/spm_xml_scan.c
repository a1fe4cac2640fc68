/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_xml_scan.h"

#include <string.h>

/* libxml2 goes no deeper than 256. */
#define DEPTH_MAX 200

/* libxml2 takes 50,000. */
#define NAME_MAX_LENGTH 1000

/* ---- characters ---- */

enum {
    NAME_START = 1 << 0,
    NAME = 1 << 1,
    SPACE = 1 << 2,
    TEXT_STOP = 1 << 3,  /* in text something may begin with it */
    VALUE_STOP = 1 << 4, /* the same for an attribute's value */
    TAG_STOP = 1 << 5,   /* and in a tag outside of values */
};

/* Other letters than ASCII's are unusual in names. */
static const guint8 kinds[256] = {
    ['a' ... 'z'] = NAME_START | NAME,
    ['A' ... 'Z'] = NAME_START | NAME,
    ['_'] = NAME_START | NAME,
    ['0' ... '9'] = NAME,
    ['-'] = NAME,
    ['.'] = NAME,
    [' '] = SPACE,
    ['\t'] = SPACE,
    ['\n'] = SPACE,
    ['<'] = TEXT_STOP | VALUE_STOP | TAG_STOP,
    ['>'] = TAG_STOP,
    ['&'] = TEXT_STOP | VALUE_STOP,
    [']'] = TEXT_STOP,
    ['"'] = VALUE_STOP | TAG_STOP,
    ['\''] = VALUE_STOP | TAG_STOP,
};

static inline gboolean
is(char c, guint kind)
{
    return (kinds[(guchar)c] & kind) != 0;
}

/* Without branches, a block at a time, so that a compiler makes it a few instructions. */
#define BLOCK 64

static void
look_at(const char *text, gsize length, guint8 *control, guint8 *high)
{
    for (gsize i = 0; i < length; i++) {
        guint8 c = (guint8)text[i];

        *control |= (guint8)((c < ' ') & (c != '\n') & (c != '\t'));
        *high |= c;
    }
}

gboolean
spm_xml_scan_characters(const char *xml, gsize length)
{
    guint8 control = 0, high = 0;
    gsize done = 0;

    for (; length - done >= BLOCK; done += BLOCK)
        look_at(xml + done, BLOCK, &control, &high);
    look_at(xml + done, length - done, &control, &high);
    if (control)
        return FALSE;
    /* U+FFFE and U+FFFF are UTF-8, and no characters of XML. */
    return high < 0x80 ||
           (g_utf8_validate_len(xml, length, NULL) && !memmem(xml, length, "\xef\xbf\xbe", 3) &&
            !memmem(xml, length, "\xef\xbf\xbf", 3));
}

/* ---- tags ---- */

static inline gboolean
looking_at(const SpmXmlScan *scan, const char *word, gsize length)
{
    return (gsize)(scan->end - scan->p) >= length && memcmp(scan->p, word, length) == 0;
}

/* Past characters of this kind; or to the first one. */
static inline const char *
past(const char *p, const char *end, guint kind)
{
    while (p < end && is(*p, kind))
        p++;
    return p;
}

static inline const char *
up_to(const char *p, const char *end, guint kind)
{
    while (p < end && !is(*p, kind))
        p++;
    return p;
}

/* A name and, if there is one, the length of its prefix. */
static gboolean
read_name(SpmXmlScan *scan, const char **name, gsize *length, gsize *prefix)
{
    const char *start = scan->p;
    const char *p = past(start, scan->end, NAME);

    *name = start;
    *prefix = 0;
    if (p == start || !is(*start, NAME_START))
        return FALSE;
    if (p < scan->end && *p == ':') {
        const char *local = p + 1;

        *prefix = (gsize)(p - start);
        p = past(local, scan->end, NAME);
        if (p == local || !is(*local, NAME_START) || (p < scan->end && *p == ':'))
            return FALSE;
    }
    scan->p = p;
    *length = (gsize)(p - start);
    return *length <= NAME_MAX_LENGTH;
}

/* References other than those of XML itself are unusual. */
static gboolean
skip_reference(SpmXmlScan *scan)
{
    static const char *const known[] = { "&lt;", "&gt;", "&amp;", "&quot;", "&apos;" };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (looking_at(scan, known[i], strlen(known[i]))) {
            scan->p += strlen(known[i]);
            return TRUE;
        }
    }
    return FALSE;
}

/* A value, past its closing quote. */
static gboolean
skip_value(SpmXmlScan *scan)
{
    char quote = *scan->p++;

    while (TRUE) {
        scan->p = up_to(scan->p, scan->end, VALUE_STOP);
        if (scan->p == scan->end || *scan->p == '<')
            return FALSE;
        if (*scan->p == '&') {
            if (!skip_reference(scan))
                return FALSE;
        } else if (*scan->p++ == quote) {
            return TRUE;
        }
    }
}

/* Most comparisons end at the first character. */
static inline gboolean
equals(const char *text, gsize length, const char *word)
{
    return length > 0 && text[0] == word[0] && strncmp(text, word, length) == 0 &&
           word[length] == '\0';
}

/* Note a namespace that an attribute declares or uses. */
static void
note_prefix(SpmXmlTag *tag, const char *name, gsize length, gsize prefix, gboolean has_value)
{
    gboolean declares = equals(name, prefix, "xmlns");
    const char *other = declares ? name + prefix + 1 : name;
    gsize size = declares ? length - prefix - 1 : prefix;

    if (size != tag->prefix || memcmp(other, tag->name, size) != 0 || !has_value)
        tag->uses_other = TRUE;
    else if (declares)
        tag->declares_own = TRUE;
}

static gboolean
read_attribute(SpmXmlScan *scan, SpmXmlTag *tag)
{
    const char *name;
    const char *value;
    gsize length, prefix;

    if (!read_name(scan, &name, &length, &prefix) || scan->end - scan->p < 2 || scan->p[0] != '=' ||
        (scan->p[1] != '"' && scan->p[1] != '\''))
        return FALSE;
    value = ++scan->p;
    if (!skip_value(scan))
        return FALSE;
    if (prefix > 0)
        note_prefix(tag, name, length, prefix, scan->p - value > 2);
    else if (equals(name, length, "xmlns"))
        tag->declares_default = TRUE;
    else if (equals(name, length, scan->attribute))
        tag->has_attribute = TRUE;
    return TRUE;
}

/* The tag at the scanner, which stands at its '<'. */
static gboolean
read_tag(SpmXmlScan *scan, SpmXmlTag *tag)
{
    gboolean end_tag = looking_at(scan, "</", 2);

    *tag = (SpmXmlTag){ .start = scan->p, .opens = !end_tag, .closes = end_tag };
    scan->p += end_tag ? 2 : 1;
    if (!read_name(scan, &tag->name, &tag->length, &tag->prefix))
        return FALSE;
    while (TRUE) {
        const char *before = scan->p;

        scan->p = past(before, scan->end, SPACE);
        if (scan->p == scan->end)
            return FALSE;
        if (*scan->p == '>') {
            scan->p++;
            return TRUE;
        }
        if (end_tag)
            return FALSE;
        if (*scan->p == '/') {
            tag->closes = TRUE;
            scan->p += 2;
            return scan->p <= scan->end && scan->p[-1] == '>';
        }
        if (scan->p == before || !read_attribute(scan, tag))
            return FALSE;
    }
}

/* A comment, from behind its beginning. Only its end may hold "--". */
static gboolean
skip_comment(SpmXmlScan *scan)
{
    const char *found = memmem(scan->p, (gsize)(scan->end - scan->p), "--", 2);

    if (!found || scan->end - found < 3 || found[2] != '>')
        return FALSE;
    scan->p = found + 3;
    return TRUE;
}

gboolean
spm_xml_scan_next(SpmXmlScan *scan, SpmXmlTag *tag)
{
    const char *text = scan->p;

    while (TRUE) {
        scan->p = up_to(scan->p, scan->end, TEXT_STOP);
        if (scan->p == scan->end)
            return FALSE;
        if (*scan->p == '&') {
            if (!skip_reference(scan))
                return FALSE;
        } else if (*scan->p == ']') {
            if (looking_at(scan, "]]>", 3))
                return FALSE;
            scan->p++;
        } else if (looking_at(scan, "<!--", 4)) {
            scan->p += 4;
            if (!skip_comment(scan))
                return FALSE;
            text = scan->p;
        } else if (read_tag(scan, tag)) {
            tag->text = text;
            return TRUE;
        } else {
            /* So are sections, instructions and a DTD: rare in a domain, and not worth
             * rules of their own. */
            return FALSE;
        }
    }
}

/* ---- elements ---- */

gboolean
spm_xml_tag_is(const SpmXmlTag *tag, const char *name)
{
    return equals(tag->name, tag->length, name);
}

static void
note(SpmXmlHeld *held, const SpmXmlTag *top, const SpmXmlTag *tag)
{
    gboolean is_top = tag->start == top->start;

    held->attribute |= tag->has_attribute;
    held->namespaces |= tag->prefix > 0 || tag->uses_other || tag->declares_default;
    held->own &= !tag->uses_other && !tag->declares_default && tag->declares_own == is_top &&
                 (tag->prefix == 0 ||
                  (tag->prefix == top->prefix && memcmp(tag->name, top->name, tag->prefix) == 0));
}

gboolean
spm_xml_scan_skip(SpmXmlScan *scan, const SpmXmlTag *tag, SpmXmlHeld *held)
{
    struct {
        const char *name;
        gsize length;
    } open[DEPTH_MAX];
    guint depth = 0;
    SpmXmlTag next = *tag;

    *held = (SpmXmlHeld){ .own = TRUE };
    while (TRUE) {
        if (next.opens)
            note(held, tag, &next);
        if (next.opens && !next.closes) {
            if (depth == DEPTH_MAX)
                return FALSE;
            open[depth].name = next.name;
            open[depth++].length = next.length;
        } else if (!next.opens) {
            if (depth == 0 || next.length != open[depth - 1].length ||
                memcmp(next.name, open[depth - 1].name, next.length) != 0)
                return FALSE;
            depth--;
        }
        if (depth == 0)
            return TRUE;
        if (!spm_xml_scan_next(scan, &next))
            return FALSE;
    }
}

/* To the '>' of the tag at @p; NULL without one. */
static const char *
end_of_tag(const char *p, const char *end)
{
    while (TRUE) {
        p = up_to(p, end, TAG_STOP);
        if (p == end || *p == '<')
            return NULL;
        if (*p == '>')
            return p;
        p = memchr(p + 1, *p, (gsize)(end - p - 1));
        if (!p)
            return NULL;
        p++;
    }
}

gboolean
spm_xml_scan_pass(SpmXmlScan *scan, const SpmXmlTag *tag)
{
    gsize depth = tag->closes ? 0 : 1;

    while (depth > 0) {
        const char *close;

        scan->p = memchr(scan->p, '<', (gsize)(scan->end - scan->p));
        if (!scan->p || scan->end - scan->p < 2)
            return FALSE;
        if (looking_at(scan, "<!--", 4)) {
            scan->p += 4;
            if (!skip_comment(scan))
                return FALSE;
            continue;
        }
        if (scan->p[1] == '!' || scan->p[1] == '?')
            return FALSE;
        close = end_of_tag(scan->p + 1, scan->end);
        if (!close)
            return FALSE;
        if (scan->p[1] == '/')
            depth--;
        else if (close[-1] != '/')
            depth++;
        scan->p = close + 1;
    }
    return TRUE;
}
