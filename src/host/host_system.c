/*
 * host_system.c: the kernel, the CPU model, and what is loaded
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_parts.h"

/* One CPU of /proc/cpuinfo takes about 1.5 KiB; all x86 CPUs of a machine have
 * the same family and model. */
#define CPUINFO_HEAD 8192

/* The number in the first line "@name : number" of @text. */
static SpmHostValue
cpuinfo_number(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 64);

    for (guint i = 0; lines[i]; i++) {
        const char *colon = strchr(lines[i], ':');
        g_autofree char *key = colon ? g_strndup(lines[i], (gsize)(colon - lines[i])) : NULL;
        guint64 value;

        if (key && g_str_equal(g_strstrip(key), name) &&
            spm_host_parse_number(colon + 1, SPM_HOST_NUMBER_DECIMAL, &value))
            return spm_host_known(value);
    }
    return spm_host_unknown("/proc/cpuinfo does not say (not x86)");
}

static void
read_cpu(SpmHost *host, SpmHostRoot *root)
{
    const char *why = NULL;
    g_autofree char *text = spm_host_read_head(root, "proc/cpuinfo", CPUINFO_HEAD, &why);

    if (text) {
        host->cpu_family = cpuinfo_number(text, "cpu family");
        host->cpu_model = cpuinfo_number(text, "model");
    } else {
        host->cpu_family = host->cpu_model = spm_host_unknown(why);
    }
}

static gboolean
module_loaded(const char *modules, const char *name)
{
    const char *at = modules;
    gsize length = strlen(name);

    while (at && *at) {
        if (strncmp(at, name, length) == 0 && at[length] == ' ')
            return TRUE;
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return FALSE;
}

void
spm_host_read_system(SpmHost *host, SpmHostRoot *root)
{
    g_autofree char *modules = spm_host_read_text(root, "proc/modules", SPM_HOST_LIMIT_PROC, NULL);

    host->kernel = spm_host_root_kernel(root);
    host->block_size = spm_host_read_number(root, "sys/devices/system/memory/block_size_bytes", SPM_HOST_NUMBER_HEX, 0);
    host->movable_gigantic =
        spm_host_read_number(root, "proc/sys/vm/movable_gigantic_pages", SPM_HOST_NUMBER_DECIMAL, 0);
    read_cpu(host, root);
    /* A driver that is built into the kernel is in no module list. */
    host->dax_hmem_loaded =
        module_loaded(modules, "dax_hmem") || spm_host_exists(root, "sys/bus/platform/drivers/hmem");
    host->kmem_loaded = spm_host_exists(root, "sys/bus/dax/drivers/kmem");
    host->device_dax_loaded = spm_host_exists(root, "sys/bus/dax/drivers/device_dax");
}
