/*
 * config.h: what an administrator can choose
 *
 * A key file. The keys of section [virtspmd] are in the table of config_keys.c, and
 * each is a field below; section [host] is that of host/host_config.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_config.h"

G_BEGIN_DECLS

#define SPM_CONFIG_DEFAULT_LISTEN "/run/virtspm/virtspm-sock"

/* What libvirt calls the read-only socket beside a socket. */
#define SPM_CONFIG_RO_SUFFIX "-ro"

/* A configuration file; protects from reading something else by mistake. */
#define SPM_CONFIG_FILE_MAX (1024 * 1024)

typedef struct {
    char *listen;
    char *listen_ro;    /* NULL, once completed: none */
    char **upstream;    /* tried in this order, for every client anew */
    char **upstream_ro; /* the same for clients of the read-only socket */
    guint mode;
    guint mode_ro;
    char *group;
    guint auth_unix_rw; /* SpmAuth */
    guint auth_unix_ro;
    guint max_clients;
    guint max_client_requests;
    guint max_client_memory; /* MiB */
    guint handshake_timeout; /* seconds; 0: none */
    guint idle_timeout;      /* likewise */
    guint log_level;         /* SpmLogLevel */
    char *log_output;        /* NULL: where spm_log_configure() has it */
    char *schema;            /* NULL: the installed one */
    SpmHostConfig *host;
    gboolean session; /* the user's own libvirtd, which is started when it does not run */

    char **tls_listen; /* NULL: TLS is off */
    char *tls_key, *tls_cert, *tls_ca, *tls_crl;
    char **tls_allowed_dn; /* patterns; NULL: everybody whom the CA knows */
    char *tls_priority;    /* NULL: GnuTLS's own */

    char **chosen; /* a key of the table each: the text it was set to, or NULL */
} SpmConfig;

/* The defaults. */
SpmConfig *spm_config_new(void);
/* Those of a user's own virtspmd (--session): sockets are below $XDG_RUNTIME_DIR, for the
 * user alone, and read-only there is nothing. */
SpmConfig *spm_config_new_session(void);
/* Where its configuration is. Caller frees. */
char *spm_config_session_path(void);
void spm_config_free(SpmConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmConfig, spm_config_free)

/* Change what the file says. Without @required a file that is not there says
 * nothing. Errors (SPM_ERROR_CONFIG_UNSUPPORTED, SPM_ERROR_SYSTEM) name file, line,
 * key and value; an unknown key or section is one. */
gboolean spm_config_load(SpmConfig *config, const char *path, gboolean required, GError **error);
/* The same for text in memory; @path is for messages. */
gboolean spm_config_parse(SpmConfig *config, const char *text, gsize length, const char *path,
                          GError **error);

/* Call it when all choices have been made: the read-only sockets that nobody chose
 * are those beside the others ("-ro"). FALSE when the choices do not fit together. */
gboolean spm_config_complete(SpmConfig *config, GError **error);

/* Has somebody set this key? */
gboolean spm_config_is_chosen(const SpmConfig *config, const char *key);

/* The keys in which @new differs from @old, and which a running virtspmd cannot
 * change: "listen, mode". NULL: none. Caller frees. */
char *spm_config_unchangeable(const SpmConfig *old, const SpmConfig *new);

/* ---- the keys (config_keys.c) ---- */

typedef struct _SpmConfigKey SpmConfigKey;

struct _SpmConfigKey {
    const char *name;
    const char *initial;  /* what it is set to at first; NULL: it follows from others */
    const char *shown;    /* what virtspm.conf shows as its default; NULL: @initial */
    gboolean at_start;    /* a running virtspmd does not change it */
    gsize field;          /* offset in SpmConfig */
    guint64 least, most;  /* of a number */
    const char *expected; /* for messages; NULL: a number between these */
    gboolean (*set)(const SpmConfigKey *key, SpmConfig *config, const char *value);
};

/* Row @index of the table; NULL behind its end. */
const SpmConfigKey *spm_config_key_at(guint index);
guint spm_config_key_count(void);

/* The row of this name and its number, or NULL. */
const SpmConfigKey *spm_config_key_find(const char *name, guint *index);

/* Set a key to what an administrator wrote. The error has no place in it. */
gboolean spm_config_set(SpmConfig *config, const char *name, const char *value, GError **error);

G_END_DECLS
