/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_nodeset.h"

#include <string.h>

#include "util/spm_error.h"
#include "util/spm_memory.h"

#define WORD_BITS 64
#define WORDS (SPM_NODESET_MAX / WORD_BITS)

/* Nearly all numbers are small. */
#define FEW 2

/* A bitmap: of two words, or of all it may have once a number needs more. */
struct _SpmNodeset {
    guint64 *words;
    guint count; /* of @words */
    guint64 few[FEW];
};

SpmNodeset *
spm_nodeset_new(void)
{
    SpmNodeset *set = g_new0(SpmNodeset, 1);

    set->words = set->few;
    set->count = FEW;
    return set;
}

static void
grow(SpmNodeset *set, guint count)
{
    if (set->count >= count)
        return;
    set->words = g_new0(guint64, WORDS);
    set->count = WORDS;
    memcpy(set->words, set->few, sizeof set->few);
}

SpmNodeset *
spm_nodeset_copy(const SpmNodeset *set)
{
    SpmNodeset *copy = set ? spm_nodeset_new() : NULL;

    if (set)
        spm_nodeset_union(copy, set);
    return copy;
}

void
spm_nodeset_free(SpmNodeset *set)
{
    if (set && set->words != set->few)
        g_free(set->words);
    g_free(set);
}

static guint64
word_of(const SpmNodeset *set, guint index)
{
    return index < set->count ? set->words[index] : 0;
}

void
spm_nodeset_add(SpmNodeset *set, guint number)
{
    if (number >= SPM_NODESET_MAX)
        return;
    grow(set, number / WORD_BITS + 1);
    set->words[number / WORD_BITS] |= G_GUINT64_CONSTANT(1) << (number % WORD_BITS);
}

void
spm_nodeset_remove(SpmNodeset *set, guint number)
{
    if (number / WORD_BITS < set->count)
        set->words[number / WORD_BITS] &= ~(G_GUINT64_CONSTANT(1) << (number % WORD_BITS));
}

gboolean
spm_nodeset_has(const SpmNodeset *set, guint number)
{
    return (word_of(set, number / WORD_BITS) >> (number % WORD_BITS) & 1) != 0;
}

void
spm_nodeset_union(SpmNodeset *set, const SpmNodeset *other)
{
    grow(set, other->count);
    for (guint i = 0; i < other->count; i++)
        set->words[i] |= other->words[i];
}

void
spm_nodeset_subtract(SpmNodeset *set, const SpmNodeset *other)
{
    for (guint i = 0; i < set->count; i++)
        set->words[i] &= ~word_of(other, i);
}

gboolean
spm_nodeset_intersects(const SpmNodeset *a, const SpmNodeset *b)
{
    for (guint i = 0; i < a->count; i++) {
        if (a->words[i] & word_of(b, i))
            return TRUE;
    }
    return FALSE;
}

gboolean
spm_nodeset_contains(const SpmNodeset *set, const SpmNodeset *subset)
{
    for (guint i = 0; i < subset->count; i++) {
        if (subset->words[i] & ~word_of(set, i))
            return FALSE;
    }
    return TRUE;
}

gboolean
spm_nodeset_equal(const SpmNodeset *a, const SpmNodeset *b)
{
    return spm_nodeset_contains(a, b) && spm_nodeset_contains(b, a);
}

gboolean
spm_nodeset_is_empty(const SpmNodeset *set)
{
    return spm_nodeset_next(set, 0) < 0;
}

guint
spm_nodeset_count(const SpmNodeset *set)
{
    guint count = 0;

    for (guint i = 0; i < set->count; i++)
        count += (guint)__builtin_popcountll(set->words[i]);
    return count;
}

int
spm_nodeset_next(const SpmNodeset *set, guint from)
{
    for (guint i = from / WORD_BITS; i < set->count; i++) {
        guint64 word = set->words[i];

        if (i == from / WORD_BITS)
            word &= ~G_GUINT64_CONSTANT(0) << (from % WORD_BITS);
        if (word)
            return (int)(i * WORD_BITS) + __builtin_ctzll(word);
    }
    return -1;
}

/* One decimal number at *text, below SPM_NODESET_MAX; moves *text behind it. */
static gboolean
parse_number(const char **text, guint *number)
{
    const char *p = *text;
    guint value = 0;

    if (!g_ascii_isdigit(*p))
        return FALSE;
    for (; g_ascii_isdigit(*p); p++) {
        value = value * 10 + (guint)(*p - '0');
        if (value >= SPM_NODESET_MAX)
            return FALSE;
    }
    *text = p;
    *number = value;
    return TRUE;
}

static gboolean
ends(const char *text)
{
    while (g_ascii_isspace(*text))
        text++;
    return *text == '\0';
}

SpmNodeset *
spm_nodeset_parse(const char *text, GError **error)
{
    g_autoptr(SpmNodeset) set = spm_nodeset_new();
    g_autofree char *stripped = NULL;
    const char *p = text;

    if (ends(p))
        return g_steal_pointer(&set);
    while (g_ascii_isspace(*p))
        p++;
    for (;;) {
        gboolean negative = *p == '^';
        guint first, last;

        if (negative)
            p++;
        if (!parse_number(&p, &first))
            break;
        last = first;
        if (!negative && *p == '-') {
            p++;
            if (!parse_number(&p, &last) || last < first)
                break;
        }
        for (guint n = first; n <= last; n++) {
            if (negative)
                spm_nodeset_remove(set, n);
            else
                spm_nodeset_add(set, n);
        }
        if (ends(p))
            return g_steal_pointer(&set);
        if (*p++ != ',')
            break;
    }
    stripped = g_strstrip(g_strdup(text));
    g_set_error(error, SPM_ERROR, SPM_ERROR_XML,
                "'%s' is not a list of numbers like '0-3,^2,7' with each number below %d",
                stripped, SPM_NODESET_MAX);
    return NULL;
}

SpmNodeset *
spm_nodeset_parse_mask(const char *text, GError **error)
{
    g_autoptr(SpmNodeset) set = spm_nodeset_new();
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    guint bit = 0;

    /* From the right: each hexadecimal digit is four numbers, and each group
     * between commas is eight digits. */
    for (gsize i = strlen(stripped); i > 0; i--) {
        int digit = g_ascii_xdigit_value(stripped[i - 1]);

        if (stripped[i - 1] == ',')
            continue;
        if (digit < 0 || (digit > 0 && bit + 4 > SPM_NODESET_MAX)) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_XML,
                        "'%.64s' is not a mask of numbers below %d", stripped, SPM_NODESET_MAX);
            return NULL;
        }
        for (guint n = 0; n < 4; n++) {
            if (digit >> n & 1)
                spm_nodeset_add(set, bit + n);
        }
        bit += 4;
    }
    return g_steal_pointer(&set);
}

char *
spm_nodeset_format(const SpmNodeset *set)
{
    GString *text = g_string_new(NULL);

    for (int first = spm_nodeset_next(set, 0); first >= 0;) {
        int last = first;

        while (spm_nodeset_has(set, (guint)last + 1))
            last++;
        spm_string_append_printf(text, "%s%d", text->len ? "," : "", first);
        if (last > first)
            spm_string_append_printf(text, "-%d", last);
        first = spm_nodeset_next(set, (guint)last + 1);
    }
    return g_string_free(text, FALSE);
}
