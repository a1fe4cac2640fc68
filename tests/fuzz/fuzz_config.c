/*
 * fuzz_config: configuration files
 *
 * The input is a file, for the daemon and for the part that placement reads by
 * itself. What is refused says where and why; what is taken is complete, and being
 * read again it says the same.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include "daemon/config.h"

#include <string.h>

/* Larger files find nothing new and take long. */
#define INPUT_MAX (16 * 1024)

static SpmConfig *
parse(const char *text, gsize size)
{
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autoptr(GError) error = NULL;

    if (spm_config_parse(config, text ? text : "", size, "fuzz.conf", &error) && spm_config_complete(config, &error)) {
        check(!error);
        return g_steal_pointer(&config);
    }
    check(error && error->message[0]);
    check(g_utf8_validate(error->message, -1, NULL));
    return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = NULL;
    g_autoptr(SpmConfig) config = NULL;
    g_autoptr(SpmConfig) again = NULL;
    g_autoptr(SpmHostConfig) host = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *differs = NULL;
    SpmHostClass class;

    if (size > INPUT_MAX)
        return 0;
    /* A copy that ends where the input ends, so that reading on is noticed. */
    text = g_memdup2(data, size);
    config = parse(text, size);
    again = config ? parse(text, size) : NULL;
    host = spm_host_config_parse(text ? text : "", size, "fuzz.conf", &error);
    check(host ? !error : error && error->message[0]);
    for (guint node = 0; host && node < 4; node++)
        spm_host_config_class(host, node, &class);
    if (!config)
        return 0;
    /* The daemon reads [host] the same way. */
    check(again && host);
    check(host->allowed == config->host->allowed && host->placement == config->host->placement);
    check(config->listen && config->upstream[0] && config->mode <= 0777 && config->max_clients > 0);
    differs = spm_config_unchangeable(config, again);
    check(!differs);
    return 0;
}
