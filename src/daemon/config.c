/*
 * config.c: what an administrator can choose
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/config.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "virtspmd"

SpmConfig *
spm_config_new(void)
{
    /* libvirtd, or the daemon that takes its place in the modular set-up. */
    static const char *const upstream[] = { "/run/libvirt/libvirt-sock",
                                            "/run/libvirt/virtqemud-sock", NULL };
    SpmConfig *config = g_new0(SpmConfig, 1);

    config->listen = g_strdup(SPM_CONFIG_DEFAULT_LISTEN);
    config->upstream = g_strdupv((char **)upstream);
    config->mode = SPM_CONFIG_DEFAULT_MODE;
    config->mode_ro = SPM_CONFIG_DEFAULT_MODE_RO;
    config->group = g_strdup(SPM_CONFIG_DEFAULT_GROUP);
    config->max_clients = SPM_CONFIG_DEFAULT_MAX_CLIENTS;
    config->host = spm_host_config_new();
    return config;
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
    g_free(config->schema);
    spm_host_config_free(config->host);
    g_free(config);
}

/* ---- one function a value: FALSE when the text is not what it should be ---- */

static gboolean
set_path(char **path, const char *value)
{
    if (!g_path_is_absolute(value))
        return FALSE;
    g_free(*path);
    *path = g_strdup(value);
    return TRUE;
}

static gboolean
set_listen(SpmConfig *config, const char *value)
{
    return set_path(&config->listen, value);
}

/* Nothing: no such socket. */
static gboolean
set_listen_ro(SpmConfig *config, const char *value)
{
    config->listen_ro_chosen = TRUE;
    if (value[0] != '\0')
        return set_path(&config->listen_ro, value);
    g_clear_pointer(&config->listen_ro, g_free);
    return TRUE;
}

static gboolean
set_schema(SpmConfig *config, const char *value)
{
    return set_path(&config->schema, value);
}

static gboolean
set_paths(char ***list, const char *value)
{
    g_auto(GStrv) paths = g_strsplit(value, ";", -1);
    guint count = g_strv_length(paths);

    /* The key file format ends lists with a separator, too. */
    if (count > 1 && paths[count - 1][0] == '\0')
        g_clear_pointer(&paths[--count], g_free);
    for (guint i = 0; i < count; i++) {
        if (!g_path_is_absolute(paths[i]))
            return FALSE;
    }
    if (count == 0)
        return FALSE;
    g_strfreev(*list);
    *list = g_steal_pointer(&paths);
    return TRUE;
}

static gboolean
set_upstream(SpmConfig *config, const char *value)
{
    return set_paths(&config->upstream, value);
}

static gboolean
set_upstream_ro(SpmConfig *config, const char *value)
{
    return set_paths(&config->upstream_ro, value);
}

static gboolean
set_group(SpmConfig *config, const char *value)
{
    if (value[0] == '\0')
        return FALSE;
    g_free(config->group);
    config->group = g_strdup(value);
    config->group_chosen = TRUE;
    return TRUE;
}

static gboolean
parse_mode(guint *mode_to, const char *value)
{
    char *end;
    gulong mode;

    if (!g_ascii_isdigit(value[0]))
        return FALSE;
    errno = 0;
    mode = strtoul(value, &end, 8);
    if (errno != 0 || *end != '\0' || mode > 0777)
        return FALSE;
    *mode_to = mode;
    return TRUE;
}

static gboolean
set_mode(SpmConfig *config, const char *value)
{
    return parse_mode(&config->mode, value);
}

static gboolean
set_mode_ro(SpmConfig *config, const char *value)
{
    return parse_mode(&config->mode_ro, value);
}

static gboolean
set_max_clients(SpmConfig *config, const char *value)
{
    guint64 count;

    if (!spm_parse_uint64(value, &count) || count < 1 || count > SPM_CONFIG_MAX_CLIENTS_MAX)
        return FALSE;
    config->max_clients = count;
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*set)(SpmConfig *config, const char *value);
    const char *expected;
} keys[] = {
    { "listen", set_listen, "an absolute path" },
    { "listen-ro", set_listen_ro, "an absolute path, or nothing" },
    { "upstream", set_upstream, "absolute paths, separated by ';'" },
    { "upstream-ro", set_upstream_ro, "absolute paths, separated by ';'" },
    { "mode", set_mode, "an octal number up to 0777" },
    { "mode-ro", set_mode_ro, "an octal number up to 0777" },
    { "group", set_group, "the name of a group" },
    { "max-clients", set_max_clients, "a number from 1 to 100000" },
    { "schema", set_schema, "an absolute path" },
};

static gboolean
set_key(SpmConfig *config, const char *key, const char *value, const char *path, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!g_str_equal(key, keys[i].name))
            continue;
        if (keys[i].set(config, value))
            return TRUE;
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "%s: key '%s' is '%s', which is not %s", path, key, value, keys[i].expected);
        return FALSE;
    }
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                "%s: unknown key '%s' in section [" SECTION "]", path, key);
    return FALSE;
}

gboolean
spm_config_parse(SpmConfig *config, const char *text, gsize length, const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) local = NULL;
    g_auto(GStrv) sections = NULL;
    g_auto(GStrv) names = NULL;

    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, &local)) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "%s: %s", path, local->message);
        return FALSE;
    }
    sections = g_key_file_get_groups(file, NULL);
    for (guint i = 0; sections[i]; i++) {
        if (!g_str_equal(sections[i], SECTION) && !g_str_equal(sections[i], "host")) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                        "%s: unknown section [%s]; there are [" SECTION "] and [host]", path,
                        sections[i]);
            return FALSE;
        }
    }
    names = g_key_file_get_keys(file, SECTION, NULL, NULL);
    for (guint i = 0; names && names[i]; i++) {
        g_autofree char *value = g_key_file_get_string(file, SECTION, names[i], &local);

        if (!value) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "%s: key '%s': %s", path,
                        names[i], local->message);
            return FALSE;
        }
        if (!set_key(config, names[i], value, path, error))
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

gboolean
spm_config_complete(SpmConfig *config, GError **error)
{
    if (!config->listen_ro_chosen && !config->listen_ro)
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
           !is_upstream(config, config->listen_ro, error) && !is_read_write(config, error);
}
