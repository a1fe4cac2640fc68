/*
 * peer.c: who is at the other end of a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/access/peer.h"

#include "rpc/rpc_args.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>

/* An entry of the user database. Larger ones exist (groups with thousands of
 * members); their names stay unknown beyond this. */
#define ENTRY_MAX (1024 * 1024)

/* A security label; the kernel's own are below a page. */
#define LABEL_MAX 4096

static char *
user_name(uid_t uid)
{
    for (gsize size = 1024; size <= ENTRY_MAX; size *= 4) {
        g_autofree char *buffer = g_malloc(size);
        struct passwd entry, *found = NULL;
        int result = getpwuid_r(uid, &entry, buffer, size, &found);

        if (result == 0)
            return found ? g_strdup(found->pw_name) : NULL;
        if (result != ERANGE)
            return NULL;
    }
    return NULL;
}

static char *
group_name(gid_t gid)
{
    for (gsize size = 1024; size <= ENTRY_MAX; size *= 4) {
        g_autofree char *buffer = g_malloc(size);
        struct group entry, *found = NULL;
        int result = getgrgid_r(gid, &entry, buffer, size, &found);

        if (result == 0)
            return found ? g_strdup(found->gr_name) : NULL;
        if (result != ERANGE)
            return NULL;
    }
    return NULL;
}

static char *
security_label(int fd)
{
    char label[LABEL_MAX + 1];
    socklen_t size = LABEL_MAX;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &size) < 0 || size == 0)
        return NULL;
    label[size] = '\0';
    return label[0] ? g_strdup(label) : NULL;
}

/* "PID (NAME) S PPID ...": the name is the program's choice and may hold
 * spaces, parentheses and newlines, so counting starts behind the last ")". */
gboolean
spm_peer_parse_start_time(const char *stat, guint64 *start_time)
{
    const char *rest = strrchr(stat, ')');
    g_auto(GStrv) fields = NULL;

    if (!rest)
        return FALSE;
    fields = g_strsplit(rest, " ", 22);
    /* fields[0] is ")", fields[1] is field 3. */
    return g_strv_length(fields) > 20 && spm_parse_uint64(fields[20], start_time);
}

static guint64
start_time(gint64 pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/stat", pid);
    g_autofree char *stat = NULL;
    guint64 value = 0;

    if (!g_file_get_contents(path, &stat, NULL, NULL) || !spm_peer_parse_start_time(stat, &value))
        return 0;
    return value;
}

SpmPeer *
spm_peer_new(int fd, GError **error)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    SpmPeer *peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot find out who has connected: %s",
                    g_strerror(errno));
        return NULL;
    }
    peer = g_new0(SpmPeer, 1);
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    peer->pid = MAX(credentials.pid, 0);
    if (peer->pid > 0)
        peer->start_time = start_time(peer->pid);
    peer->user = user_name(credentials.uid);
    peer->group = group_name(credentials.gid);
    peer->selinux_context = security_label(fd);
    return peer;
}

SpmPeer *
spm_peer_new_tls(const char *x509_dn, const char *address)
{
    SpmPeer *peer = g_new0(SpmPeer, 1);

    /* Whoever takes them for a user's without looking gets nobody's. */
    peer->uid = peer->gid = G_MAXUINT32;
    peer->remote = TRUE;
    peer->x509_dn = g_strdup(x509_dn);
    peer->address = g_strdup(address);
    return peer;
}

gboolean
spm_peer_is_root(const SpmPeer *peer)
{
    return !peer->remote && peer->uid == 0;
}

void
spm_peer_free(SpmPeer *peer)
{
    if (!peer)
        return;
    g_free(peer->user);
    g_free(peer->group);
    g_free(peer->selinux_context);
    g_free(peer->x509_dn);
    g_free(peer->address);
    g_free(peer);
}

char *
spm_peer_describe(const SpmPeer *peer)
{
    GString *text;

    if (peer->remote)
        return g_strdup_printf("TLS client %s%s%s from %s", peer->x509_dn ? "'" : "",
                               peer->x509_dn ? peer->x509_dn : "without a name",
                               peer->x509_dn ? "'" : "",
                               peer->address ? peer->address : "an unknown address");
    text = g_string_new("user ");
    if (peer->user)
        g_string_append_printf(text, "%s (uid %" G_GUINT64_FORMAT ")", peer->user, peer->uid);
    else
        g_string_append_printf(text, "with uid %" G_GUINT64_FORMAT, peer->uid);
    if (peer->pid > 0)
        g_string_append_printf(text, ", process %" G_GINT64_FORMAT, peer->pid);
    return g_string_free(text, FALSE);
}

/* Returns how many it has written. */
static guint
write_local(const SpmPeer *peer, GByteArray *params)
{
    guint count = 2;

    spm_rpc_param_write_ullong(params, "unix-user-id", peer->uid);
    spm_rpc_param_write_ullong(params, "unix-group-id", peer->gid);
    if (peer->user) {
        spm_rpc_param_write_string(params, "user-name", peer->user);
        count++;
    }
    if (peer->group) {
        spm_rpc_param_write_string(params, "group-name", peer->group);
        count++;
    }
    /* A process without its start time could be another one by now. */
    if (peer->pid > 0 && peer->start_time > 0) {
        spm_rpc_param_write_llong(params, "process-id", peer->pid);
        spm_rpc_param_write_ullong(params, "process-time", peer->start_time);
        count += 2;
    }
    if (peer->selinux_context) {
        spm_rpc_param_write_string(params, "selinux-context", peer->selinux_context);
        count++;
    }
    return count;
}

GByteArray *
spm_peer_identity(const SpmPeer *peer)
{
    g_autoptr(GByteArray) params = g_byte_array_new();
    GByteArray *args = g_byte_array_new();
    guint count = 1;

    if (peer->remote)
        spm_rpc_param_write_string(params, "x509-distinguished-name",
                                   peer->x509_dn ? peer->x509_dn : "");
    else
        count = write_local(peer, params);
    spm_xdr_write_u32(args, count);
    g_byte_array_append(args, params->data, params->len);
    spm_xdr_write_u32(args, 0); /* flags */
    return args;
}
