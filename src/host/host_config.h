/*
 * host_config.h: what the administrator says about the host's memory
 *
 * Section [host] of virtspm's configuration file:
 *
 *     [host]
 *     # the class of a node, whatever the rules say
 *     node2-class=hbm
 *     # what a cell may get that names no node itself
 *     allow-classes=hbm;unclaimed-spm
 *     # true: an SPM cell may do without hugepages
 *     ordinary-pages=false
 *     # off: a cell lies where the domain says and libvirt puts it; nobody
 *     # checks that this is HBM, in hugepages, or has room
 *     placement=auto
 *
 * An unknown key, a bad value or an unknown class is an error that names it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"

G_BEGIN_DECLS

#define SPM_CONFIG_FILE "/etc/virtspm/virtspm.conf"

typedef struct {
    char *path;                 /* for messages */
    GHashTable *classes;        /* node number -> SpmHostClass + 1 */
    guint allowed;              /* bits of SpmHostClass: what automatic placement may use */
    gboolean ordinary_pages;
    gboolean placement;         /* FALSE: off */
} SpmHostConfig;

SpmHostConfig *spm_host_config_new(void);
void spm_host_config_free(SpmHostConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmHostConfig, spm_host_config_free)

/* @path NULL: SPM_CONFIG_FILE, where no file is as good as an empty one.
 * Errors: SPM_ERROR_CONFIG_UNSUPPORTED, SPM_ERROR_SYSTEM when it cannot be read. */
SpmHostConfig *spm_host_config_load(const char *path, GError **error);

/* The section [host] of a file that is already in memory; other sections are their
 * owners' business. */
SpmHostConfig *spm_host_config_parse(const char *data, gsize length, const char *path, GError **error);

/* TRUE and the class when the administrator set one for @node. */
gboolean spm_host_config_class(const SpmHostConfig *config, guint node, SpmHostClass *klass);

static inline gboolean
spm_host_config_allows(const SpmHostConfig *config, SpmHostClass klass)
{
    return (config->allowed & (1u << klass)) != 0;
}

G_END_DECLS
