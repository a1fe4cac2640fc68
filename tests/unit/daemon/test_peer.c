/*
 * Who is at the other end of a socket, and how libvirtd is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/access/peer.h"

#include "rpc/rpc_args.h"
#include "../rpc/rpc_test.h"

#include <sys/socket.h>
#include <unistd.h>

static void
test_start_times(void)
{
    static const struct {
        const char *stat;
        gboolean found;
        guint64 start_time;
    } cases[] = {
        { "4242 (virsh) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 99 1 2 3", TRUE, 99 },
        { "4242 (virsh) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 99", TRUE, 99 },
        { "4242 (1 2 3 4 5) 6) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 99 1", TRUE, 99 },
        { "4242 (new\nline) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 99 1", TRUE, 99 },
        { "4242 (virsh) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0", FALSE, 0 },
        { "4242 (virsh) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 -9 1", FALSE, 0 },
        { "4242 (virsh) S 1 4242 1 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 x 1", FALSE, 0 },
        { "4242", FALSE, 0 },
        { "", FALSE, 0 },
        { ")", FALSE, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint64 start_time = 0;

        g_test_message("%s", cases[i].stat);
        g_assert_cmpint(spm_peer_parse_start_time(cases[i].stat, &start_time), ==, cases[i].found);
        if (cases[i].found)
            g_assert_cmpuint(start_time, ==, cases[i].start_time);
    }
}

static void
test_the_peer_of_a_socket_is_this_process(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmPeer) peer = NULL;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    peer = spm_peer_new(pair[0], &error);
    g_assert_no_error(error);
    g_assert_cmpuint(peer->uid, ==, getuid());
    g_assert_cmpuint(peer->gid, ==, getgid());
    g_assert_cmpint(peer->pid, ==, getpid());
    g_assert_cmpuint(peer->start_time, >, 0);
    close(pair[0]);
    close(pair[1]);
}

static void
test_what_is_no_socket_has_no_peer(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_peer_new(-1, &error));
    g_assert_nonnull(error);
}

static void
check_identity(const SpmPeer *peer, const char *hex)
{
    g_autoptr(GByteArray) args = spm_peer_identity(peer);
    g_autoptr(GByteArray) expected = rpc_test_bytes(hex);
    SpmRpcArgs decoded;

    g_assert_cmpmem(args->data, args->len, expected->data, expected->len);
    g_assert_true(spm_rpc_args_decode("pu", args->data, args->len, &decoded));
}

#define UID_AND_GID                                                                                \
    "0000000c 756e6978 2d757365 722d6964 00000004 00000000 000004d2"                               \
    "0000000d 756e6978 2d67726f 75702d69 64000000 00000004 00000000 00000032"

static void
test_identity_with_all_there_is(void)
{
    SpmPeer peer = { 1234, 50, 4242, 99, (char *)"alice", (char *)"staff", (char *)"u:r:t:s0" };

    check_identity(&peer, "00000007" UID_AND_GID
                          "00000009 75736572 2d6e616d 65000000 00000007 00000005 616c6963 65000000"
                          "0000000a 67726f75 702d6e61 6d650000 00000007 00000005 73746166 66000000"
                          "0000000a 70726f63 6573732d 69640000 00000003 00000000 00001092"
                          "0000000c 70726f63 6573732d 74696d65 00000004 00000000 00000063"
                          "0000000f 73656c69 6e75782d 636f6e74 65787400 00000007"
                          "00000008 753a723a 743a7330"
                          "00000000");
}

/* A process of another PID namespace, and a user without a name. */
static void
test_identity_with_what_is_certain(void)
{
    SpmPeer peer = { 1234, 50, 0, 0, NULL, NULL, NULL };
    SpmPeer gone = { 1234, 50, 4242, 0, NULL, NULL, NULL };

    check_identity(&peer, "00000002" UID_AND_GID "00000000");
    /* Without its start time a process could be another one by now. */
    check_identity(&gone, "00000002" UID_AND_GID "00000000");
}

/* "x509-distinguished-name", a string, and nothing of a user. */
static void
test_identity_of_a_tls_client(void)
{
    g_autoptr(SpmPeer) peer = spm_peer_new_tls("CN=alice", "192.0.2.1:40000");
    g_autoptr(SpmPeer) nobody = spm_peer_new_tls(NULL, NULL);
    g_autofree char *who = spm_peer_describe(peer);
    g_autofree char *who_knows = spm_peer_describe(nobody);

    check_identity(peer, "00000001"
                         "00000017 78353039 2d646973 74696e67 75697368 65642d6e 616d6500"
                         "00000007 00000008 434e3d61 6c696365"
                         "00000000");
    g_assert_cmpstr(who, ==, "TLS client 'CN=alice' from 192.0.2.1:40000");
    g_assert_cmpstr(who_knows, ==, "TLS client without a name from an unknown address");
}

/* No number that a TLS client happens to have makes it root. */
static void
test_who_is_root(void)
{
    g_autoptr(SpmPeer) tls = spm_peer_new_tls("CN=root", NULL);
    SpmPeer root = { 0 };
    SpmPeer alice = { .uid = 1234 };

    g_assert_true(spm_peer_is_root(&root));
    g_assert_false(spm_peer_is_root(&alice));
    tls->uid = 0;
    g_assert_false(spm_peer_is_root(tls));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/peer/start-times", test_start_times);
    g_test_add_func("/daemon/peer/this-process", test_the_peer_of_a_socket_is_this_process);
    g_test_add_func("/daemon/peer/no-socket", test_what_is_no_socket_has_no_peer);
    g_test_add_func("/daemon/peer/identity/all", test_identity_with_all_there_is);
    g_test_add_func("/daemon/peer/identity/certain", test_identity_with_what_is_certain);
    g_test_add_func("/daemon/peer/identity/tls", test_identity_of_a_tls_client);
    g_test_add_func("/daemon/peer/root", test_who_is_root);
    return g_test_run();
}
