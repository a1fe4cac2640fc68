/*
 * config.c: what an administrator can choose
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/config.h"

#include "daemon/access/terms.h"
#include "util/spm_error.h"
#include "util/spm_key_file.h"

#define SECTION "virtspmd"

SpmConfig *
spm_config_new(void)
{
    SpmConfig *config = g_new0(SpmConfig, 1);
    guint count = spm_config_key_count();

    config->chosen = g_new0(char *, count + 1);
    for (guint i = 0; i < count; i++) {
        const SpmConfigKey *key = spm_config_key_at(i);

        if (key->initial)
            key->set(key, config, key->initial);
    }
    config->host = spm_host_config_new();
    return config;
}

SpmConfig *
spm_config_new_session(void)
{
    SpmConfig *config = spm_config_new();
    const char *runtime = g_get_user_runtime_dir();

    config->session = TRUE;
    g_free(config->listen);
    config->listen = g_build_filename(runtime, "virtspm", "virtspm-sock", NULL);
    spm_config_set(config, "listen-ro", "", NULL);
    config->mode = 0600;
    g_clear_pointer(&config->group, g_free);
    g_strfreev(config->upstream);
    config->upstream = g_new0(char *, 3);
    config->upstream[0] = g_build_filename(runtime, "libvirt", "libvirt-sock", NULL);
    config->upstream[1] = g_build_filename(runtime, "libvirt", "virtqemud-sock", NULL);
    return config;
}

char *
spm_config_session_path(void)
{
    return g_build_filename(g_get_user_config_dir(), "virtspm", "virtspm.conf", NULL);
}

void
spm_config_free(SpmConfig *config)
{
    if (!config)
        return;
    g_free(config->listen);
    g_free(config->listen_ro);
    g_strfreev(config->upstream);
    g_strfreev(config->upstream_ro);
    g_free(config->group);
    g_free(config->log_output);
    g_free(config->schema);
    spm_host_config_free(config->host);
    g_strfreev(config->tls_listen);
    g_free(config->tls_key);
    g_free(config->tls_cert);
    g_free(config->tls_ca);
    g_free(config->tls_crl);
    g_strfreev(config->tls_allowed_dn);
    g_free(config->tls_priority);
    for (guint i = 0; i < spm_config_key_count(); i++)
        g_free(config->chosen[i]);
    g_free(config->chosen);
    g_free(config);
}

gboolean
spm_config_is_chosen(const SpmConfig *config, const char *key)
{
    guint index;

    return spm_config_key_find(key, &index) && config->chosen[index];
}

static gboolean
set_entry(SpmConfig *config, const SpmKeyFileEntry *entry, const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (g_str_equal(entry->section, "host"))
        return TRUE; /* spm_host_config_parse() */
    if (!g_str_equal(entry->section, SECTION))
        return spm_key_file_fail(entry, path, error,
                                 "unknown section [%s]; there are [" SECTION "] and [host]",
                                 entry->section);
    return !entry->key || spm_config_set(config, entry->key, entry->value, &local) ||
           spm_key_file_fail(entry, path, error, "%s", local->message);
}

gboolean
spm_config_parse(SpmConfig *config, const char *text, gsize length, const char *path, GError **error)
{
    g_autoptr(GPtrArray) entries = spm_key_file_parse(text, length, path, error);

    if (!entries)
        return FALSE;
    for (guint i = 0; i < entries->len; i++) {
        if (!set_entry(config, g_ptr_array_index(entries, i), path, error))
            return FALSE;
    }
    spm_host_config_free(config->host);
    config->host = spm_host_config_parse(text, length, path, error);
    return config->host != NULL;
}

gboolean
spm_config_load(SpmConfig *config, const char *path, gboolean required, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &local);

    if (!file) {
        if (!required && g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot read the configuration: %s",
                    local->message);
        return FALSE;
    }
    if (g_mapped_file_get_length(file) > SPM_CONFIG_FILE_MAX) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "%s is longer than a configuration file may be (%d bytes)", path,
                    SPM_CONFIG_FILE_MAX);
        return FALSE;
    }
    return spm_config_parse(config,
                            g_mapped_file_get_length(file) > 0 ? g_mapped_file_get_contents(file)
                                                               : "",
                            g_mapped_file_get_length(file), path, error);
}

static char **
read_only_beside(char **paths)
{
    GPtrArray *beside = g_ptr_array_new();

    for (; *paths; paths++)
        g_ptr_array_add(beside, g_strconcat(*paths, SPM_CONFIG_RO_SUFFIX, NULL));
    g_ptr_array_add(beside, NULL);
    return (char **)g_ptr_array_free(beside, FALSE);
}

/* Is this one, which is to be listened on, also to be connected to? */
static gboolean
is_upstream(const SpmConfig *config, const char *path, GError **error)
{
    if (!path || (!g_strv_contains((const char *const *)config->upstream, path) &&
                  !g_strv_contains((const char *const *)config->upstream_ro, path)))
        return FALSE;
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                "%s is to be listened on and to be connected to; virtspmd would talk to "
                "itself. 'upstream' must be libvirtd's own socket",
                path);
    return TRUE;
}

/* A read-only client must never get a connection that may write. */
static gboolean
is_read_write(const SpmConfig *config, GError **error)
{
    for (char **path = config->upstream_ro; *path; path++) {
        if (g_strv_contains((const char *const *)config->upstream, *path)) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                        "%s is both in 'upstream' and in 'upstream-ro'; 'upstream-ro' must be "
                        "libvirtd's read-only socket",
                        *path);
            return TRUE;
        }
    }
    return FALSE;
}

/* A user needs no permission for what is the user's own. */
static gboolean
is_for_the_system(const SpmConfig *config, GError **error)
{
    if (!config->session ||
        (config->auth_unix_rw == SPM_AUTH_NONE && config->auth_unix_ro == SPM_AUTH_NONE))
        return FALSE;
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                "auth-unix-rw and auth-unix-ro are for the system's virtspmd; with --session they "
                "must be 'none'");
    return TRUE;
}

gboolean
spm_config_complete(SpmConfig *config, GError **error)
{
    if (!spm_config_is_chosen(config, "listen-ro") && !config->listen_ro)
        config->listen_ro = g_strconcat(config->listen, SPM_CONFIG_RO_SUFFIX, NULL);
    if (!config->upstream_ro)
        config->upstream_ro = read_only_beside(config->upstream);
    if (g_strcmp0(config->listen, config->listen_ro) == 0) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "%s is both 'listen' and 'listen-ro'; name another one, or none",
                    config->listen);
        return FALSE;
    }
    return !is_upstream(config, config->listen, error) &&
           !is_upstream(config, config->listen_ro, error) && !is_read_write(config, error) &&
           !is_for_the_system(config, error);
}

char *
spm_config_unchangeable(const SpmConfig *old, const SpmConfig *new)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < spm_config_key_count(); i++) {
        const SpmConfigKey *key = spm_config_key_at(i);
        const char *before = old->chosen[i] ? old->chosen[i] : key->initial;
        const char *after = new->chosen[i] ? new->chosen[i] : key->initial;

        if (key->at_start && g_strcmp0(before, after) != 0)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", key->name);
    }
    return names->len > 0 ? g_string_free(g_steal_pointer(&names), FALSE) : NULL;
}
