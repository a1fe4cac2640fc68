/*
 * host_config.c: what the administrator says about the host's memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_config.h"

#include <string.h>

#include "util/spm_error.h"
#include "util/spm_key_file.h"

#define SECTION "host"

SpmHostConfig *
spm_host_config_new(void)
{
    SpmHostConfig *config = g_new0(SpmHostConfig, 1);

    config->path = g_strdup(SPM_CONFIG_FILE);
    config->classes = g_hash_table_new(g_direct_hash, g_direct_equal);
    config->allowed = 1u << SPM_HOST_CLASS_HBM | 1u << SPM_HOST_CLASS_UNCLAIMED_SPM;
    config->placement = TRUE;
    return config;
}

void
spm_host_config_free(SpmHostConfig *config)
{
    if (!config)
        return;
    g_free(config->path);
    g_hash_table_unref(config->classes);
    g_free(config);
}

gboolean
spm_host_config_class(const SpmHostConfig *config, guint node, SpmHostClass *klass)
{
    gpointer value = config ? g_hash_table_lookup(config->classes, GUINT_TO_POINTER(node)) : NULL;

    if (!value)
        return FALSE;
    *klass = (SpmHostClass)(GPOINTER_TO_UINT(value) - 1);
    return TRUE;
}

static gboolean
parse_class(const SpmHostConfig *config, const SpmKeyFileEntry *entry, const char *text, SpmHostClass *klass,
            GError **error)
{
    return spm_host_class_parse(text, klass) ||
           spm_key_file_fail(entry, config->path, error,
                             "[" SECTION "] %s: there is no memory class '%s'; "
                             "the classes are dram, hbm, far, pmem, gpu, unclaimed-spm and none",
                             entry->key, text);
}

/* "node2-class" */
static gboolean
node_of_key(const char *key, guint *node)
{
    g_autofree char *name = g_str_has_suffix(key, "-class") ? g_strndup(key, strlen(key) - strlen("-class")) : NULL;
    gint64 number = name ? spm_host_name_number(name, "node") : -1;

    if (number < 0 || number >= SPM_HOST_NODES_MAX)
        return FALSE;
    *node = (guint)number;
    return TRUE;
}

static gboolean
parse_allowed(SpmHostConfig *config, const SpmKeyFileEntry *entry, GError **error)
{
    g_auto(GStrv) names = g_strsplit_set(entry->value, ";,", -1);

    config->allowed = 0;
    for (guint i = 0; names[i]; i++) {
        SpmHostClass klass;

        if (*g_strstrip(names[i]) == '\0')
            continue;
        if (!parse_class(config, entry, names[i], &klass, error))
            return FALSE;
        config->allowed |= 1u << klass;
    }
    return TRUE;
}

/* One of two words. */
static gboolean
parse_choice(const SpmHostConfig *config, const SpmKeyFileEntry *entry, const char *yes, const char *no,
             gboolean *choice, GError **error)
{
    *choice = g_str_equal(entry->value, yes);
    return *choice || g_str_equal(entry->value, no) ||
           spm_key_file_fail(entry, config->path, error, "[" SECTION "] %s must be '%s' or '%s', not '%s'",
                             entry->key, yes, no, entry->value);
}

static gboolean
parse_key(SpmHostConfig *config, const SpmKeyFileEntry *entry, GError **error)
{
    SpmHostClass klass;
    guint node;

    if (node_of_key(entry->key, &node)) {
        if (!parse_class(config, entry, entry->value, &klass, error))
            return FALSE;
        g_hash_table_insert(config->classes, GUINT_TO_POINTER(node), GUINT_TO_POINTER((guint)klass + 1));
        return TRUE;
    }
    if (g_str_equal(entry->key, "allow-classes"))
        return parse_allowed(config, entry, error);
    if (g_str_equal(entry->key, "ordinary-pages"))
        return parse_choice(config, entry, "true", "false", &config->ordinary_pages, error);
    if (g_str_equal(entry->key, "placement"))
        return parse_choice(config, entry, "auto", "off", &config->placement, error);
    return spm_key_file_fail(entry, config->path, error,
                             "[" SECTION "] has an unknown key '%s'; "
                             "the keys are nodeN-class, allow-classes, ordinary-pages and placement",
                             entry->key);
}

SpmHostConfig *
spm_host_config_parse(const char *data, gsize length, const char *path, GError **error)
{
    g_autoptr(SpmHostConfig) config = spm_host_config_new();
    g_autoptr(GPtrArray) entries = spm_key_file_parse(data, length, path, error);

    if (!entries)
        return NULL;
    g_free(config->path);
    config->path = g_strdup(path);
    for (guint i = 0; i < entries->len; i++) {
        SpmKeyFileEntry *entry = g_ptr_array_index(entries, i);

        if (!entry->key || !g_str_equal(entry->section, SECTION))
            continue;
        g_strstrip(entry->value);
        if (!parse_key(config, entry, error))
            return NULL;
    }
    return g_steal_pointer(&config);
}

SpmHostConfig *
spm_host_config_load(const char *path, GError **error)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) read_error = NULL;
    const char *file = path ? path : SPM_CONFIG_FILE;
    gsize length;

    if (!g_file_get_contents(file, &data, &length, &read_error)) {
        if (!path && g_error_matches(read_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return spm_host_config_new();
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "%s", read_error->message);
        return NULL;
    }
    return spm_host_config_parse(data, length, file, error);
}
