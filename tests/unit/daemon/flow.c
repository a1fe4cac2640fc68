/*
 * flow.c: messages of any size for tests of how they flow
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "flow.h"

#include <errno.h>
#include <sys/socket.h>

GByteArray *
flow_message(guint32 type, guint32 procedure, gsize size)
{
    SpmRpcHeader header = { .program = SPM_RPC_PROGRAM_REMOTE,
                            .version = SPM_RPC_VERSION,
                            .procedure = procedure,
                            .type = type,
                            .serial = 9 };
    g_autofree guint8 *payload = g_malloc(size - SPM_RPC_HEADER_SIZE);
    g_autoptr(SpmRpcFrame) frame = NULL;

    for (gsize i = 0; i < size - SPM_RPC_HEADER_SIZE; i++)
        payload[i] = i * 31 + i / 257;
    frame = spm_rpc_frame_new(&header, payload, size - SPM_RPC_HEADER_SIZE);
    return g_byte_array_ref(frame->bytes);
}

gsize
flow_send_some(Conversation *conversation, int fd, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t sent;

        conversation_settle(conversation);
        sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            return done;
        }
        done += sent;
    }
    return done;
}

void
flow_receive_equal(int fd, const guint8 *expected, gsize size)
{
    g_autofree guint8 *bytes = g_malloc(size);

    g_assert_true(conversation_receive(fd, bytes, size));
    g_assert_cmpmem(bytes, size, expected, size);
}
