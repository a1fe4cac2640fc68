/*
 * unit.h: what the unit tests say often
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "util/spm_error.h"

/* @error is one of ours, of this kind, and its message holds @words. Clears it. */
static inline void
assert_refused(GError **error, int code, const char *words)
{
    g_assert_error(*error, SPM_ERROR, code);
    if (!strstr((*error)->message, words))
        g_error("the message '%s' does not say '%s'", (*error)->message, words);
    g_clear_error(error);
}

static inline void
assert_holds(const char *text, const char *words)
{
    g_assert_nonnull(text);
    if (!strstr(text, words))
        g_error("'%s' is not in:\n%s", words, text);
}

static inline void
assert_lacks(const char *text, const char *words)
{
    g_assert_nonnull(text);
    if (strstr(text, words))
        g_error("'%s' is in:\n%s", words, text);
}
