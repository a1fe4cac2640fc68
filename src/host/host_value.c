/*
 * host_value.c: a number that a host tells, or the reason why it is unknown
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_value.h"

#include <errno.h>
#include <string.h>

#include "util/spm_nodeset.h"

/* A number, a sign and a line end need less; what is longer is no number. */
#define NUMBER_LIMIT 64

const char *
spm_host_value_why(const SpmHostValue *value)
{
    if (value->known)
        return NULL;
    return value->why ? value->why : "not looked at";
}

gboolean
spm_host_parse_number(const char *text, SpmHostNumber base, guint64 *value)
{
    char *end;

    while (g_ascii_isspace(*text))
        text++;
    /* g_ascii_strtoull() would take a sign and wrap around. */
    if (!g_ascii_isxdigit(*text))
        return FALSE;
    errno = 0;
    *value = g_ascii_strtoull(text, &end, base);
    if (errno != 0 || end == text)
        return FALSE;
    while (g_ascii_isspace(*end))
        end++;
    return *end == '\0';
}

static SpmHostValue
parse(const char *text, SpmHostNumber base)
{
    guint64 value;

    if (spm_host_parse_number(text, base, &value))
        return spm_host_known(value);
    return spm_host_unknown("the file does not hold a number");
}

SpmHostValue
spm_host_read_number(SpmHostRoot *root, const char *path, SpmHostNumber base, guint since)
{
    const char *why = NULL;
    g_autofree char *text = spm_host_read_text(root, path, NUMBER_LIMIT, &why);

    if (!text)
        return spm_host_unknown(why == SPM_HOST_ABSENT ? spm_host_absent_since(root, since) : why);
    return parse(text, base);
}

SpmHostValue
spm_host_read_node_number(SpmHostRoot *root, const char *path, guint since)
{
    const char *why = NULL;
    g_autofree char *text = spm_host_read_text(root, path, NUMBER_LIMIT, &why);
    SpmHostValue value;

    if (!text)
        return spm_host_unknown(why == SPM_HOST_ABSENT ? spm_host_absent_since(root, since) : why);
    if (g_str_equal(g_strstrip(text), "-1"))
        return spm_host_unknown("the kernel says -1: no node");
    value = parse(text, SPM_HOST_NUMBER_DECIMAL);
    if (value.known && value.value >= SPM_HOST_NODES_MAX)
        return spm_host_unknown("the number is larger than any node's");
    return value;
}
