/*
 * Messages: header, payload, replacing a part
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_frame.h"
#include "rpc_test.h"

#include <fcntl.h>
#include <unistd.h>

static SpmRpcFrame *
frame_of(const char *hex)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(hex);
    SpmRpcFrame *frame = g_new0(SpmRpcFrame, 1);

    spm_rpc_header_decode(bytes->data, &frame->header);
    frame->bytes = g_steal_pointer(&bytes);
    return frame;
}

static void
test_header_of_a_real_call(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(OPEN_GRAPHICS_CALL);
    guint8 again[SPM_RPC_HEADER_SIZE];
    SpmRpcHeader header;

    spm_rpc_header_decode(bytes->data, &header);
    g_assert_cmpuint(header.length, ==, 0x48);
    g_assert_cmpuint(header.length, ==, bytes->len);
    g_assert_cmpuint(header.program, ==, SPM_RPC_PROGRAM_REMOTE);
    g_assert_cmpuint(header.version, ==, SPM_RPC_VERSION);
    g_assert_cmpuint(header.procedure, ==, 249);
    g_assert_cmpuint(header.type, ==, SPM_RPC_CALL_WITH_FDS);
    g_assert_cmpuint(header.serial, ==, 8);
    g_assert_cmpuint(header.status, ==, SPM_RPC_OK);

    spm_rpc_header_encode(&header, again);
    g_assert_cmpmem(again, sizeof again, bytes->data, SPM_RPC_HEADER_SIZE);
}

static void
test_kinds_of_messages(void)
{
    static const struct {
        guint32 type;
        gboolean call, reply, fds;
    } kinds[] = {
        { SPM_RPC_CALL, TRUE, FALSE, FALSE },         { SPM_RPC_REPLY, FALSE, TRUE, FALSE },
        { SPM_RPC_MESSAGE, FALSE, FALSE, FALSE },     { SPM_RPC_STREAM, FALSE, FALSE, FALSE },
        { SPM_RPC_CALL_WITH_FDS, TRUE, FALSE, TRUE }, { SPM_RPC_REPLY_WITH_FDS, FALSE, TRUE, TRUE },
        { SPM_RPC_STREAM_HOLE, FALSE, FALSE, FALSE }, { 7, FALSE, FALSE, FALSE },
        { G_MAXUINT32, FALSE, FALSE, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        SpmRpcHeader header = { .type = kinds[i].type };

        g_assert_cmpint(spm_rpc_header_is_call(&header), ==, kinds[i].call);
        g_assert_cmpint(spm_rpc_header_is_reply(&header), ==, kinds[i].reply);
        g_assert_cmpint(spm_rpc_header_has_fds(&header), ==, kinds[i].fds);
    }
}

static void
test_arguments_start_behind_the_count_of_fds(void)
{
    g_autoptr(SpmRpcFrame) plain = frame_of(CONNECT_OPEN_CALL);
    g_autoptr(SpmRpcFrame) with_fds = frame_of(OPEN_GRAPHICS_CALL);
    gsize size;

    g_assert_true(spm_rpc_frame_payload(plain, &size) == plain->bytes->data + 28);
    g_assert_cmpuint(size, ==, 0x38 - 28);
    g_assert_true(spm_rpc_frame_payload(with_fds, &size) == with_fds->bytes->data + 32);
    g_assert_cmpuint(size, ==, 0x48 - 32);
}

static void
test_new_frame_counts_its_length(void)
{
    SpmRpcHeader header = { .program = SPM_RPC_PROGRAM_REMOTE,
                            .version = SPM_RPC_VERSION,
                            .procedure = 66,
                            .type = SPM_RPC_REPLY,
                            .serial = 1 };
    g_autoptr(GByteArray) expected = rpc_test_bytes(AUTH_LIST_REPLY);
    g_autoptr(SpmRpcFrame) frame = spm_rpc_frame_new(&header, expected->data + 28, 8);

    g_assert_cmpmem(frame->bytes->data, frame->bytes->len, expected->data, expected->len);
}

static void
test_new_frame_is_never_longer_than_libvirt_takes(void)
{
    SpmRpcHeader header = { 0 };
    g_autofree guint8 *payload = g_malloc0(SPM_RPC_FRAME_MAX);
    g_autoptr(SpmRpcFrame) longest =
        spm_rpc_frame_new(&header, payload, SPM_RPC_FRAME_MAX - SPM_RPC_HEADER_SIZE);

    g_assert_cmpuint(longest->bytes->len, ==, SPM_RPC_FRAME_MAX);
    g_assert_null(spm_rpc_frame_new(&header, payload, SPM_RPC_FRAME_MAX - SPM_RPC_HEADER_SIZE + 1));
}

/* The name in CONNECT_OPEN becomes "xen", and the flags behind it stay. */
static void
test_replace_keeps_what_is_around(void)
{
    g_autoptr(SpmRpcFrame) frame = frame_of(CONNECT_OPEN_CALL);
    g_autoptr(GByteArray) with = rpc_test_bytes("00000003 78656e00");
    g_autoptr(GByteArray) expected =
        rpc_test_bytes("0000002c 20008086 00000001 00000001 00000000 00000002 00000000"
                       "00000001 00000003 78656e00 00000000");

    g_assert_true(spm_rpc_frame_replace(frame, 4, 20, with->data, with->len));
    g_assert_cmpmem(frame->bytes->data, frame->bytes->len, expected->data, expected->len);
    g_assert_cmpuint(frame->header.length, ==, expected->len);
}

static void
test_replace_refuses_what_is_not_there(void)
{
    g_autoptr(SpmRpcFrame) frame = frame_of(CONNECT_OPEN_CALL);
    g_autoptr(GByteArray) before = rpc_test_bytes(CONNECT_OPEN_CALL);
    guint8 byte = 0;

    g_assert_false(spm_rpc_frame_replace(frame, 29, 0, &byte, 1));
    g_assert_false(spm_rpc_frame_replace(frame, 0, 29, &byte, 1));
    g_assert_false(spm_rpc_frame_replace(frame, 28, 1, &byte, 1));
    g_assert_false(spm_rpc_frame_replace(frame, G_MAXSIZE, 1, &byte, 1));
    g_assert_false(spm_rpc_frame_replace(frame, 1, G_MAXSIZE, &byte, 1));
    g_assert_false(spm_rpc_frame_replace(frame, 0, 0, &byte, SPM_RPC_FRAME_MAX));
    g_assert_false(spm_rpc_frame_replace(frame, 0, 0, &byte, G_MAXSIZE));
    g_assert_cmpmem(frame->bytes->data, frame->bytes->len, before->data, before->len);
}

static void
test_a_frame_closes_its_fds(void)
{
    SpmRpcFrame *frame = frame_of(OPEN_GRAPHICS_CALL);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    frame->fds[frame->n_fds++] = fd;
    spm_rpc_frame_free(frame);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/frame/header-of-a-real-call", test_header_of_a_real_call);
    g_test_add_func("/rpc/frame/kinds-of-messages", test_kinds_of_messages);
    g_test_add_func("/rpc/frame/arguments-start-behind-the-count-of-fds",
                    test_arguments_start_behind_the_count_of_fds);
    g_test_add_func("/rpc/frame/new-counts-its-length", test_new_frame_counts_its_length);
    g_test_add_func("/rpc/frame/new-is-never-longer-than-libvirt-takes",
                    test_new_frame_is_never_longer_than_libvirt_takes);
    g_test_add_func("/rpc/frame/replace-keeps-what-is-around", test_replace_keeps_what_is_around);
    g_test_add_func("/rpc/frame/replace-refuses-what-is-not-there",
                    test_replace_refuses_what_is_not_there);
    g_test_add_func("/rpc/frame/closes-its-fds", test_a_frame_closes_its_fds);
    return g_test_run();
}
