/*
 * connect.c: ask libvirt which domains use the host's memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/connect.h"

#include "util/spm_error.h"

char *
spm_probe_ask_libvirt(const char *uri, GError **error)
{
    const char *helper = g_getenv("SPM_DOMAIN_USAGE");
    const char *argv[] = { helper ? helper : SPM_LIBEXECDIR "/spm-domain-usage", uri, NULL };
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(GError) failure = NULL;
    int status;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, &failure)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED, "cannot ask libvirt at %s: %s", uri,
                    failure->message);
        return NULL;
    }
    if (!g_spawn_check_wait_status(status, NULL)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED, "libvirt at %s: %s", uri, g_strstrip(err));
        return NULL;
    }
    return g_steal_pointer(&out);
}
