/*
 * rate.h: so many a second, and a count of the rest
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint most;    /* in a second; set it, and leave the rest zero */
    gint64 second; /* that the counts are of */
    guint count;
    guint64 left_out;
} SpmRate;

/* May one more pass at @now (g_get_monotonic_time())? *left_out: how many might not
 * since one last could; report them with it. */
static inline gboolean
spm_rate_allows(SpmRate *rate, gint64 now, guint64 *left_out)
{
    *left_out = 0;
    if (now / G_USEC_PER_SEC != rate->second) {
        rate->second = now / G_USEC_PER_SEC;
        rate->count = 0;
    }
    if (rate->count >= rate->most) {
        rate->left_out++;
        return FALSE;
    }
    rate->count++;
    *left_out = rate->left_out;
    rate->left_out = 0;
    return TRUE;
}

G_END_DECLS
