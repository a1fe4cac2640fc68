/*
 * config_keys.c: the keys of section [virtspmd]
 *
 * One table: their names, defaults and bounds, and how their values are read.
 * Tests hold virtspm.conf and the manual page against it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/config.h"

#include "daemon/access/terms.h"
#include "daemon/log.h"
#include "daemon/tls/tls_listener.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

#include <errno.h>
#include <stdlib.h>

/* ---- one function a kind of value: FALSE when the text is not one ---- */

#define FIELD(type, key, config) (&G_STRUCT_MEMBER(type, config, (key)->field))

static void
replace(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static gboolean
set_path(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    if (!g_path_is_absolute(value))
        return FALSE;
    replace(FIELD(char *, key, config), value);
    return TRUE;
}

/* Nothing: none. */
static gboolean
set_path_or_none(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    if (value[0] != '\0')
        return set_path(key, config, value);
    replace(FIELD(char *, key, config), NULL);
    return TRUE;
}

static gboolean
set_paths(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    char ***field = FIELD(char **, key, config);
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
    g_strfreev(*field);
    *field = g_steal_pointer(&paths);
    return TRUE;
}

static gboolean
set_name(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    if (value[0] == '\0')
        return FALSE;
    replace(FIELD(char *, key, config), value);
    return TRUE;
}

/* Nothing: none. */
static gboolean
set_list(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    char ***field = FIELD(char **, key, config);
    g_auto(GStrv) items = g_strsplit(value, ";", -1);
    guint count = g_strv_length(items);

    if (count > 0 && items[count - 1][0] == '\0')
        g_clear_pointer(&items[--count], g_free);
    for (guint i = 0; i < count; i++) {
        if (items[i][0] == '\0')
            return FALSE;
    }
    g_strfreev(*field);
    *field = count > 0 ? g_steal_pointer(&items) : NULL;
    return TRUE;
}

static gboolean
set_places(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    if (!set_list(key, config, value))
        return FALSE;
    for (char **place = *FIELD(char **, key, config); place && *place; place++) {
        g_autofree char *host = NULL;
        g_autofree char *port = NULL;

        if (!spm_tls_parse_place(*place, &host, &port))
            return FALSE;
    }
    return TRUE;
}

static gboolean
set_mode(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    char *end;
    gulong mode;

    if (!g_ascii_isdigit(value[0]))
        return FALSE;
    errno = 0;
    mode = strtoul(value, &end, 8);
    if (errno != 0 || *end != '\0' || mode > 0777)
        return FALSE;
    *FIELD(guint, key, config) = mode;
    return TRUE;
}

static gboolean
set_number(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    guint64 number;

    if (!spm_parse_uint64(value, &number) || number < key->least || number > key->most)
        return FALSE;
    *FIELD(guint, key, config) = number;
    return TRUE;
}

static gboolean
set_auth(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    gboolean polkit = g_str_equal(value, "polkit");

    if (!polkit && !g_str_equal(value, "none"))
        return FALSE;
    *FIELD(guint, key, config) = polkit ? SPM_AUTH_POLKIT : SPM_AUTH_NONE;
    return TRUE;
}

static gboolean
set_log_level(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    SpmLogLevel level;

    if (!spm_log_parse_level(value, &level))
        return FALSE;
    *FIELD(guint, key, config) = level;
    return TRUE;
}

static gboolean
set_log_output(const SpmConfigKey *key, SpmConfig *config, const char *value)
{
    if (!spm_log_is_output(value))
        return FALSE;
    replace(FIELD(char *, key, config), value);
    return TRUE;
}

/* ---- the table ---- */

#define AT(member) .field = G_STRUCT_OFFSET(SpmConfig, member)
#define PATH .set = set_path, .expected = "an absolute path"
#define PATH_OR_NONE .set = set_path_or_none, .expected = "an absolute path, or nothing"
#define PATHS .set = set_paths, .expected = "absolute paths, separated by ';'"
#define NAME_OF(what) .set = set_name, .expected = "the name of " what
#define MODE .set = set_mode, .expected = "an octal number up to 0777"
#define AUTH .set = set_auth, .expected = "none or polkit"
#define LOG_LEVEL                                                                                  \
    .set = set_log_level, .expected = "debug, info, warning, error, or a number from 1 to 4"
#define LOG_OUTPUT                                                                                 \
    .set = set_log_output, .expected = "stderr, journald, or file: and an absolute path"
#define PLACES                                                                                     \
    .set = set_places, .expected = "HOST:PORT or PORT, several separated by ';', or nothing"
#define LIST_OF(what) .set = set_list, .expected = what ", separated by ';', or nothing"
#define NUMBER(from, to) .set = set_number, .least = (from), .most = (to)

/* libvirtd, or the daemon that takes its place in the modular set-up. */
#define LIBVIRTD "/run/libvirt/libvirt-sock"
#define VIRTQEMUD "/run/libvirt/virtqemud-sock"

/* clang-format off */
static const SpmConfigKey keys[] = {
    { "listen", SPM_CONFIG_DEFAULT_LISTEN, AT(listen), PATH, .at_start = TRUE },
    { "listen-ro", .shown = SPM_CONFIG_DEFAULT_LISTEN "-ro", AT(listen_ro), PATH_OR_NONE,
      .at_start = TRUE },
    { "mode", "0660", AT(mode), MODE, .at_start = TRUE },
    { "mode-ro", "0777", AT(mode_ro), MODE, .at_start = TRUE },
    { "group", "libvirt", AT(group), NAME_OF("a group"), .at_start = TRUE },
    { "auth-unix-rw", "none", AT(auth_unix_rw), AUTH },
    { "auth-unix-ro", "none", AT(auth_unix_ro), AUTH },
    { "upstream", LIBVIRTD ";" VIRTQEMUD, AT(upstream), PATHS },
    { "upstream-ro", .shown = LIBVIRTD "-ro;" VIRTQEMUD "-ro", AT(upstream_ro), PATHS },
    /* Each costs two descriptors. */
    { "max-clients", "1000", AT(max_clients), NUMBER(1, 100000) },
    { "max-client-requests", "16", AT(max_client_requests), NUMBER(1, 1000) },
    { "max-client-memory", "8", AT(max_client_memory), NUMBER(1, 1024) },
    { "handshake-timeout", "60", AT(handshake_timeout), NUMBER(0, 3600) },
    { "idle-timeout", "0", AT(idle_timeout), NUMBER(0, 604800) },
    { "log-level", "warning", AT(log_level), LOG_LEVEL },
    { "log-output", .shown = "stderr", AT(log_output), LOG_OUTPUT },
    { "schema", .shown = "/usr/share/virtspm/schemas/domain.rng", AT(schema), PATH },
    { "tls-listen", "", AT(tls_listen), PLACES, .at_start = TRUE },
    { "tls-key", "/etc/pki/libvirt/private/serverkey.pem", AT(tls_key), PATH },
    { "tls-cert", "/etc/pki/libvirt/servercert.pem", AT(tls_cert), PATH },
    { "tls-ca", "/etc/pki/CA/cacert.pem", AT(tls_ca), PATH },
    { "tls-crl", "/etc/pki/CA/cacrl.pem", AT(tls_crl), PATH },
    { "tls-allowed-dn", "", AT(tls_allowed_dn), LIST_OF("distinguished names") },
    { "tls-priority", .shown = "NORMAL", AT(tls_priority), NAME_OF("a GnuTLS priority") },
};
/* clang-format on */

const SpmConfigKey *
spm_config_key_at(guint index)
{
    return index < G_N_ELEMENTS(keys) ? &keys[index] : NULL;
}

guint
spm_config_key_count(void)
{
    return G_N_ELEMENTS(keys);
}

const SpmConfigKey *
spm_config_key_find(const char *name, guint *index)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_equal(name, keys[i].name)) {
            *index = i;
            return &keys[i];
        }
    }
    return NULL;
}

static char *
expected(const SpmConfigKey *key)
{
    return key->expected
               ? g_strdup(key->expected)
               : g_strdup_printf("a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                 key->least, key->most);
}

gboolean
spm_config_set(SpmConfig *config, const char *name, const char *value, GError **error)
{
    g_autofree char *wanted = NULL;
    const SpmConfigKey *key;
    guint index;

    key = spm_config_key_find(name, &index);
    if (!key) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "unknown key '%s' in section [virtspmd]", name);
        return FALSE;
    }
    if (key->set(key, config, value)) {
        replace(&config->chosen[index], value);
        return TRUE;
    }
    wanted = expected(key);
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "key '%s' is '%s', which is not %s",
                name, value, wanted);
    return FALSE;
}
