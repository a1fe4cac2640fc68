/*
 * svg_draw.c: the few shapes that a drawing of a host is made of
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/svg_draw.h"

void
spm_svg_rect(GString *out, guint x, guint y, guint width, guint height, const SpmSvgStyle *style)
{
    g_string_append_printf(out, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"%u\" fill=\"%s\" stroke=\"%s\"%s/>\n",
                           x, y, width, height, style->radius, style->fill ? style->fill : "none",
                           style->stroke ? style->stroke : "none", style->dashed ? " stroke-dasharray=\"6 4\"" : "");
}

void
spm_svg_line(GString *out, guint x1, guint y1, guint x2, guint y2, const char *colour, guint width, gboolean dashed)
{
    g_string_append_printf(out, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"%s\" stroke-width=\"%u\"%s/>\n",
                           x1, y1, x2, y2, colour, width, dashed ? " stroke-dasharray=\"6 4\"" : "");
}

/* What XML 1.0 can hold of @text, in at most @characters characters. */
static char *
fit(const char *text, glong characters)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *cut = NULL;

    for (char *at = valid; *at; at++) {
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    }
    if (g_utf8_strlen(valid, -1) > characters) {
        cut = g_utf8_substring(valid, 0, MAX(characters - 1, 0));
        return g_markup_printf_escaped("%s…", cut);
    }
    return g_markup_escape_text(valid, -1);
}

void
spm_svg_text(GString *out, guint x, guint y, guint room, guint size, const char *weight, const char *colour,
             const char *text)
{
    /* A letter of a sans-serif font is about 0.58 of its size wide, a bold one 0.64. */
    g_autofree char *escaped = fit(text, (glong)(room * 100 / (size * (*weight == 'b' ? 64 : 58))));

    g_string_append_printf(out, "<text x=\"%u\" y=\"%u\" font-size=\"%u\" font-weight=\"%s\" fill=\"%s\">%s</text>\n", x, y,
                           size, weight, colour, escaped);
}

char *
spm_svg_document(const GString *body, guint width, guint height)
{
    return g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                           "viewBox=\"0 0 %u %u\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n"
                           "<rect width=\"%u\" height=\"%u\" fill=\"#ffffff\"/>\n%s</svg>\n",
                           width, height, width, height, width, height, body->str);
}
