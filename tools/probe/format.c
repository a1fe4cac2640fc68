/*
 * format.c: numbers as people read them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/probe.h"
#include "util/spm_size.h"

char *
spm_probe_gib(const SpmHostValue *bytes)
{
    if (!bytes->known)
        return g_strdup("?");
    return g_strdup_printf("%.2f", (double)bytes->value / (double)SPM_GIB);
}

char *
spm_probe_short_size(guint64 bytes)
{
    if (bytes >= SPM_GIB && bytes % SPM_GIB == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "G", bytes / SPM_GIB);
    if (bytes >= SPM_MIB && bytes % SPM_MIB == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "M", bytes / SPM_MIB);
    if (bytes >= SPM_KIB && bytes % SPM_KIB == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "K", bytes / SPM_KIB);
    return g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
}

char *
spm_probe_bandwidth(const SpmHostValue *mib_s)
{
    if (!mib_s->known)
        return g_strdup("?");
    return g_strdup_printf("%.1f GiB/s", (double)mib_s->value / 1024);
}
