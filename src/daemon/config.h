/*
 * config.h: what an administrator can choose
 *
 * A key file. The keys of section [virtspmd] are the fields below; section
 * [host] is that of host/host_config.h:
 *
 *     [virtspmd]
 *     listen=/run/virtspm/virtspm-sock
 *     upstream=/run/libvirt/libvirt-sock;/run/libvirt/virtqemud-sock
 *     mode=0660
 *     group=libvirt
 *     max-clients=1000
 *     schema=/usr/share/virtspm/schemas/domain.rng
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_config.h"

G_BEGIN_DECLS

#define SPM_CONFIG_DEFAULT_LISTEN "/run/virtspm/virtspm-sock"
#define SPM_CONFIG_DEFAULT_GROUP "libvirt"
#define SPM_CONFIG_DEFAULT_MODE 0660

/* Each client costs two descriptors. */
#define SPM_CONFIG_DEFAULT_MAX_CLIENTS 1000
#define SPM_CONFIG_MAX_CLIENTS_MAX 100000

/* A configuration file; protects from reading something else by mistake. */
#define SPM_CONFIG_FILE_MAX (1024 * 1024)

typedef struct {
    char *listen;
    char **upstream; /* tried in this order, for every client anew */
    guint mode;
    char *group;
    gboolean group_chosen; /* then it must exist */
    guint max_clients;
    char *schema; /* NULL: the installed one */
    SpmHostConfig *host;
} SpmConfig;

/* The defaults. */
SpmConfig *spm_config_new(void);
void spm_config_free(SpmConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmConfig, spm_config_free)

/* Change what the file says. Without @required a file that is not there says
 * nothing. Errors (SPM_ERROR_CONFIG_UNSUPPORTED, SPM_ERROR_SYSTEM) name file,
 * key and value; an unknown key or section is one. */
gboolean spm_config_load(SpmConfig *config, const char *path, gboolean required, GError **error);
/* The same for text in memory; @path is for messages. */
gboolean spm_config_parse(SpmConfig *config, const char *text, gsize length, const char *path,
                          GError **error);

/* Do the choices fit together? Call it when all have been made. */
gboolean spm_config_check(const SpmConfig *config, GError **error);

G_END_DECLS
