/*
 * host_names.c: the words for what host.h numbers
 *
 * They are part of the interface: the table, the JSON and the configuration
 * file use them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host.h"

static const char *const class_names[] = {
    [SPM_HOST_CLASS_DRAM] = "dram",
    [SPM_HOST_CLASS_HBM] = "hbm",
    [SPM_HOST_CLASS_FAR] = "far",
    [SPM_HOST_CLASS_PMEM] = "pmem",
    [SPM_HOST_CLASS_GPU] = "gpu",
    [SPM_HOST_CLASS_UNCLAIMED_SPM] = "unclaimed-spm",
    [SPM_HOST_CLASS_NONE] = "none",
};
G_STATIC_ASSERT(G_N_ELEMENTS(class_names) == SPM_HOST_CLASS_LAST + 1);

const char *
spm_host_class_name(SpmHostClass klass)
{
    return class_names[klass];
}

gboolean
spm_host_class_parse(const char *name, SpmHostClass *klass)
{
    for (guint i = 0; i < G_N_ELEMENTS(class_names); i++) {
        if (g_str_equal(name, class_names[i])) {
            *klass = (SpmHostClass)i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *
spm_host_usable_name(SpmHostUsable usable)
{
    static const char *const names[] = { "no", "system-ram", "devdax" };

    return names[usable];
}

const char *
spm_host_confidence_name(SpmHostConfidence confidence)
{
    static const char *const names[] = { "low", "medium", "high" };

    return names[confidence];
}

const char *
spm_host_dax_mode_name(SpmHostDaxMode mode)
{
    static const char *const names[] = { "unknown", "system-ram", "devdax", "famfs", "unbound" };

    return names[mode];
}

const char *
spm_host_origin_name(SpmHostOrigin origin)
{
    static const char *const names[] = { "unknown", "soft-reserved", "cxl", "pmem" };

    return names[origin];
}
