/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/host_dax_use.h"

#include <string.h>

static gboolean
has_devdax(const SpmHost *host)
{
    for (guint i = 0; i < host->dax->len; i++) {
        if (((SpmHostDax *)g_ptr_array_index(host->dax, i))->mode == SPM_HOST_DAX_DEVDAX)
            return TRUE;
    }
    return FALSE;
}

/* A line of maps ends with the path: "... 00:06 417 /dev/dax0.0". */
static gboolean
maps_name(const char *maps, const char *device)
{
    g_autofree char *end = g_strdup_printf(" /dev/%s\n", device);

    return strstr(maps, end) != NULL;
}

static char *
describe(SpmHostRoot *root, const char *pid)
{
    g_autofree char *path = g_strdup_printf("proc/%s/comm", pid);
    g_autofree char *name = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, NULL);

    return g_strdup_printf("process %s (%s)", pid, name ? g_strstrip(name) : "?");
}

GPtrArray *
spm_host_dax_users(SpmHostRoot *root, const SpmHost *host)
{
    GPtrArray *users = g_ptr_array_new_with_free_func((GDestroyNotify)spm_promise_free);
    g_autoptr(SpmNodeset) nowhere = spm_nodeset_new();
    g_autoptr(GPtrArray) names = has_devdax(host) ? spm_host_read_dir(root, "proc", NULL) : NULL;

    for (guint i = 0; names && i < names->len; i++) {
        const char *pid = g_ptr_array_index(names, i);
        g_autofree char *path = g_strdup_printf("proc/%s/maps", pid);
        g_autofree char *maps = NULL;

        if (spm_host_name_number(pid, "") < 0)
            continue;
        maps = spm_host_read_head(root, path, SPM_HOST_LIMIT_PROC, NULL);
        for (guint n = 0; maps && n < host->dax->len; n++) {
            const SpmHostDax *dax = g_ptr_array_index(host->dax, n);

            if (dax->mode == SPM_HOST_DAX_DEVDAX && maps_name(maps, dax->name)) {
                g_autofree char *who = describe(root, pid);

                g_ptr_array_add(users, spm_promise_new(nowhere, 0, 0, dax->name, who));
            }
        }
    }
    return users;
}
