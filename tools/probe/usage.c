/*
 * usage.c: which domains use which memory of the host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/usage.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

static void
usage_free(gpointer data)
{
    SpmProbeUsage *usage = data;

    g_free(usage->domain);
    spm_nodeset_free(usage->nodes);
    g_free(usage->device);
    g_free(usage);
}

/* Valid, and in one line. */
static char *
printable(const char *name)
{
    char *valid = g_utf8_make_valid(name, -1);

    for (char *at = valid; *at; at++) {
        if (g_ascii_iscntrl(*at))
            *at = '?';
    }
    return valid;
}

static SpmProbeUsage *
parse_line(char **words)
{
    g_autofree char *domain = NULL;
    g_autoptr(SpmNodeset) nodes = NULL;
    SpmProbeUsage *usage;
    guint64 page_size, bytes;
    guint n = g_strv_length(words);

    if (n != 4 && n != 5)
        return NULL;
    domain = g_uri_unescape_string(words[0], NULL);
    nodes = spm_nodeset_parse(g_str_equal(words[1], "-") ? "" : words[1], NULL);
    if (!domain || !nodes || !spm_parse_uint64(words[2], &page_size) || !spm_parse_uint64(words[3], &bytes))
        return NULL;
    usage = g_new0(SpmProbeUsage, 1);
    usage->domain = printable(domain);
    usage->nodes = g_steal_pointer(&nodes);
    usage->page_size = page_size;
    usage->bytes = bytes;
    usage->device = words[4] ? printable(words[4]) : NULL;
    return usage;
}

GPtrArray *
spm_probe_usages_parse(const char *text, const char *name, GError **error)
{
    g_autoptr(GPtrArray) usages = g_ptr_array_new_with_free_func(usage_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = NULL;
        SpmProbeUsage *usage;

        if (*g_strstrip(lines[i]) == '\0' || *lines[i] == '#')
            continue;
        words = g_strsplit(lines[i], " ", -1);
        usage = parse_line(words);
        if (!usage) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_INVALID_ARG,
                        "%s, line %u: expected 'NAME NODES PAGESIZE BYTES [DEVICE]'", name, i + 1);
            return NULL;
        }
        g_ptr_array_add(usages, usage);
    }
    return g_steal_pointer(&usages);
}

gboolean
spm_probe_usage_on_node(const SpmProbeUsage *usage, guint node)
{
    return !usage->device && node < SPM_NODESET_MAX && spm_nodeset_has(usage->nodes, node);
}

gboolean
spm_probe_usage_on_device(const SpmProbeUsage *usage, const char *device)
{
    return usage->device && g_str_equal(usage->device, device);
}
