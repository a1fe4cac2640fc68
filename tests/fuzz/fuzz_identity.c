/*
 * fuzz_identity: who a client is, and what libvirtd is told of it
 *
 * The input is the text of a client's /proc/PID/stat, of which the name is the
 * client's own choice; then, behind NUL bytes, names as the user database and the
 * kernel give them. What libvirtd is told can be decoded, and says just that.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include "daemon/access/peer.h"
#include "rpc/rpc_args.h"

#include <string.h>

#define INPUT_MAX 4096

static void
check_param(const SpmRpcArgs *args, const char *name, const char *expected)
{
    const char *text;
    gsize length;
    gboolean found = spm_rpc_args_param(args, &args->fields[0], name, &text, &length);

    check(found == (expected != NULL));
    if (found)
        check(length == strlen(expected) && memcmp(text, expected, length) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *parts[4] = { NULL };
    gsize done = 0;
    g_autoptr(SpmPeer) peer = g_new0(SpmPeer, 1);
    g_autoptr(GByteArray) identity = NULL;
    SpmRpcArgs args;

    if (size > INPUT_MAX)
        return 0;
    for (guint i = 0; i < G_N_ELEMENTS(parts) && done <= size; i++) {
        parts[i] = g_strndup((const char *)data + done, size - done);
        done += strlen(parts[i]) + 1;
    }
    peer->pid = (gint64)size;
    if (!spm_peer_parse_start_time(parts[0], &peer->start_time))
        peer->start_time = 0;
    g_free(parts[0]);
    peer->user = parts[1];
    peer->group = parts[2];
    peer->selinux_context = parts[3];
    identity = spm_peer_identity(peer);
    check(spm_rpc_args_decode("pu", identity->data, identity->len, &args));
    check(args.fields[1].offset + args.fields[1].size == identity->len);
    check_param(&args, "user-name", peer->user);
    check_param(&args, "group-name", peer->group);
    check_param(&args, "selinux-context", peer->selinux_context);
    return 0;
}
