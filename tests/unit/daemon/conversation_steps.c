/*
 * conversation_steps.c: what is sent in a conversation, and what must arrive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation_private.h"

#include <errno.h>
#include <sys/socket.h>

void
conversation_settle(Conversation *conversation)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

void
conversation_send(int fd, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);

        if (sent < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_main_context_iteration(NULL, TRUE);
        } else {
            done += sent;
        }
    }
}

gboolean
conversation_receive(int fd, guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t got = recv(fd, bytes + done, size - done, 0);

        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return FALSE;
        if (got < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_main_context_iteration(NULL, TRUE);
        } else {
            done += got;
        }
    }
    return TRUE;
}

static SpmRpcFrame *
receive_message(int fd)
{
    SpmRpcFrame *frame = g_new0(SpmRpcFrame, 1);

    frame->bytes = g_byte_array_new();
    g_byte_array_set_size(frame->bytes, SPM_RPC_HEADER_SIZE);
    g_assert_true(conversation_receive(fd, frame->bytes->data, SPM_RPC_HEADER_SIZE));
    spm_rpc_header_decode(frame->bytes->data, &frame->header);
    g_assert_cmpuint(frame->header.length, <=, SPM_RPC_FRAME_MAX);
    g_byte_array_set_size(frame->bytes, frame->header.length);
    g_assert_true(conversation_receive(fd, frame->bytes->data + SPM_RPC_HEADER_SIZE,
                                       frame->header.length - SPM_RPC_HEADER_SIZE));
    return frame;
}

static void
expect_message(int fd, const Step *step, gboolean root)
{
    g_autoptr(SpmRpcFrame) frame = receive_message(fd);
    g_autoptr(GByteArray) expected = conversation_message_of(step, root);

    g_assert_cmpuint(frame->header.procedure, ==, step->procedure);
    g_assert_cmpuint(frame->header.serial, ==, step->serial);
    g_assert_cmpuint(frame->header.type, ==, step->type);
    g_assert_cmpmem(frame->bytes->data, frame->bytes->len, expected->data, expected->len);
}

static void
expect_error(int fd, const Step *step)
{
    g_autoptr(SpmRpcFrame) frame = receive_message(fd);
    g_auto(SpmRpcErrorInfo) info = { 0 };
    const guint8 *payload;
    gsize size;

    g_assert_cmpuint(frame->header.program, ==, SPM_RPC_PROGRAM_REMOTE);
    g_assert_cmpuint(frame->header.procedure, ==, step->procedure);
    g_assert_cmpuint(frame->header.serial, ==, step->serial);
    g_assert_cmpuint(frame->header.type, ==, SPM_RPC_REPLY);
    g_assert_cmpuint(frame->header.status, ==, SPM_RPC_ERROR);
    payload = spm_rpc_frame_payload(frame, &size);
    g_assert_true(spm_rpc_error_decode(payload, size, &info));
    if (!strstr(info.message, step->text))
        g_error("the message '%s' does not say '%s'", info.message, step->text);
    g_assert_cmpuint(info.code, ==, step->status);
}

static void
expect_closed(int fd)
{
    guint8 byte;

    g_assert_false(conversation_receive(fd, &byte, 1));
}

static void
expect_nothing(int fd)
{
    guint8 byte;

    g_assert_cmpint(recv(fd, &byte, 1, MSG_PEEK), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void
send_step(int fd, const Step *step, gboolean root)
{
    g_autoptr(GByteArray) message = conversation_message_of(step, root);

    conversation_send(fd, message->data, message->len);
}

void
conversation_run(Conversation *conversation, const Step *steps)
{
    gboolean root = spm_session_peer(conversation->session)->uid == 0;

    for (const Step *step = steps; step->act != END; step++) {
        g_test_message("step %d: procedure %u, serial %u", (int)(step - steps), step->procedure,
                       step->serial);
        switch (step->act) {
        case CLIENT_SENDS:
            send_step(conversation->client, step, root);
            break;
        case CLIENT_GETS:
            expect_message(conversation->client, step, root);
            break;
        case CLIENT_GETS_ERROR:
            expect_error(conversation->client, step);
            break;
        case CLIENT_LEAVES:
            conversation_client_leaves(conversation);
            break;
        case CLIENT_IS_CLOSED:
            expect_closed(conversation->client);
            break;
        case LIBVIRTD_GETS:
            expect_message(conversation->libvirtd, step, root);
            break;
        case LIBVIRTD_SENDS:
            send_step(conversation->libvirtd, step, root);
            break;
        case LIBVIRTD_LEAVES:
            conversation_libvirtd_leaves(conversation);
            break;
        case LIBVIRTD_IS_CLOSED:
            expect_closed(conversation->libvirtd);
            break;
        case NOBODY_GETS_ANYTHING:
            conversation_settle(conversation);
            expect_nothing(conversation->client);
            expect_nothing(conversation->libvirtd);
            break;
        case EMULATOR_KEEPS_WAITING:
            conversation_emulator_wait();
            break;
        case EMULATOR_ANSWERS:
            conversation_let_emulator_answer();
            break;
        case POLKIT_IS_ASKED:
            conversation_polkit_is_asked(step->type);
            break;
        case POLKIT_SAYS:
            conversation_polkit_says(step->type);
            break;
        case POLKIT_IS_ASKED_NO_MORE:
            conversation_polkit_is_asked_no_more();
            break;
        case END:
            break;
        }
    }
}
