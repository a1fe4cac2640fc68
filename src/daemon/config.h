/*
 * config.h: what an administrator can choose
 *
 * A key file. The keys of section [virtspmd] are the fields below; section
 * [host] is that of host/host_config.h:
 *
 *     [virtspmd]
 *     listen=/run/virtspm/virtspm-sock
 *     listen-ro=/run/virtspm/virtspm-sock-ro
 *     upstream=/run/libvirt/libvirt-sock;/run/libvirt/virtqemud-sock
 *     upstream-ro=/run/libvirt/libvirt-sock-ro;/run/libvirt/virtqemud-sock-ro
 *     mode=0660
 *     mode-ro=0777
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
#define SPM_CONFIG_DEFAULT_MODE_RO 0777

/* What libvirt calls the read-only socket beside a socket. */
#define SPM_CONFIG_RO_SUFFIX "-ro"

/* Each client costs two descriptors. */
#define SPM_CONFIG_DEFAULT_MAX_CLIENTS 1000
#define SPM_CONFIG_MAX_CLIENTS_MAX 100000

/* A configuration file; protects from reading something else by mistake. */
#define SPM_CONFIG_FILE_MAX (1024 * 1024)

typedef struct {
    char *listen;
    char *listen_ro; /* NULL, once completed: none */
    gboolean listen_ro_chosen;
    char **upstream;    /* tried in this order, for every client anew */
    char **upstream_ro; /* the same for clients of the read-only socket */
    guint mode;
    guint mode_ro;
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

/* Call it when all choices have been made: the read-only sockets that nobody chose
 * are those beside the others ("-ro"). FALSE when the choices do not fit together. */
gboolean spm_config_complete(SpmConfig *config, GError **error);

G_END_DECLS
