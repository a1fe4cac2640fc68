/*
 * svg_draw.h: the few shapes that a drawing of a host is made of
 *
 * Plain SVG 1.1, so that browsers, librsvg and office programs show the same.
 * Coordinates are in pixels.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    const char *fill, *stroke; /* colours; NULL: none */
    guint radius;              /* of the corners */
    gboolean dashed;
} SpmSvgStyle;

void spm_svg_rect(GString *out, guint x, guint y, guint width, guint height, const SpmSvgStyle *style);
void spm_svg_line(GString *out, guint x1, guint y1, guint x2, guint y2, const char *colour, guint width,
                  gboolean dashed);

/* One line of text from @x to the right, cut off with an ellipsis where it
 * would be wider than @room. @weight: "normal" or "bold". */
void spm_svg_text(GString *out, guint x, guint y, guint room, guint size, const char *weight, const char *colour,
                  const char *text);

/* The whole document around @body. Caller frees. */
char *spm_svg_document(const GString *body, guint width, guint height);

G_END_DECLS
