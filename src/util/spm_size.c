/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_size.h"

#include "util/spm_error.h"
#include "util/spm_memory.h"

gboolean
spm_parse_uint64(const char *text, guint64 *value)
{
    guint64 result = 0;
    const char *digits;

    while (g_ascii_isspace(*text))
        text++;
    digits = text;
    for (; g_ascii_isdigit(*text); text++) {
        if (!g_uint64_checked_mul(&result, result, 10) ||
            !g_uint64_checked_add(&result, result, (guint64)(*text - '0')))
            return FALSE;
    }
    if (text == digits)
        return FALSE;
    while (g_ascii_isspace(*text))
        text++;
    if (*text != '\0')
        return FALSE;
    *value = result;
    return TRUE;
}

/* "b", "byte", "bytes", or one of KMGTPE alone (powers of 1024), with "iB"
 * (1024) or "B" (1000). */
static gboolean
unit_scale(const char *unit, guint64 *scale)
{
    static const char *const bytes[] = { "b", "byte", "bytes" };
    static const char prefixes[] = "kmgtpe";
    const char *prefix;
    guint64 base = 1024;

    for (gsize i = 0; i < G_N_ELEMENTS(bytes); i++) {
        if (g_ascii_strcasecmp(unit, bytes[i]) == 0) {
            *scale = 1;
            return TRUE;
        }
    }
    if (*unit == '\0' || !(prefix = strchr(prefixes, g_ascii_tolower(*unit))))
        return FALSE;
    if (g_ascii_strcasecmp(unit + 1, "b") == 0)
        base = 1000;
    else if (unit[1] != '\0' && g_ascii_strcasecmp(unit + 1, "ib") != 0)
        return FALSE;
    *scale = 1;
    for (const char *p = prefixes; p <= prefix; p++)
        *scale *= base;
    return TRUE;
}

gboolean
spm_size_parse(const char *text, const char *unit, guint64 *bytes, GError **error)
{
    guint64 scale = 1024;
    guint64 value;

    if (unit && *unit && !unit_scale(unit, &scale)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_XML,
                    "'%s' is not a unit of memory; use for example 'KiB', 'MiB' or 'GiB'", unit);
        return FALSE;
    }
    if (!spm_parse_uint64(text, &value)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_XML, "'%s' is not a size: a whole number is wanted",
                    text);
        return FALSE;
    }
    if (!g_uint64_checked_mul(bytes, value, scale)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_XML, "a size of %s %s does not fit 64 bits", text,
                    unit && *unit ? unit : "KiB");
        return FALSE;
    }
    return TRUE;
}

char *
spm_size_format(guint64 bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    guint i = 0;

    while (bytes && i + 1 < G_N_ELEMENTS(units) && bytes % 1024 == 0) {
        bytes /= 1024;
        i++;
    }
    return spm_strdup_printf("%" G_GUINT64_FORMAT " %s", bytes, units[i]);
}
