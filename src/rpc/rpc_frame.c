/*
 * rpc_frame.c: one message of libvirt's RPC protocol
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_frame.h"

#include <string.h>
#include <unistd.h>

static guint32
get_u32(const guint8 *bytes)
{
    guint32 value;

    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_BE(value);
}

static void
put_u32(guint8 *bytes, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(bytes, &value, sizeof value);
}

void
spm_rpc_header_decode(const guint8 bytes[SPM_RPC_HEADER_SIZE], SpmRpcHeader *header)
{
    header->length = get_u32(bytes);
    header->program = get_u32(bytes + 4);
    header->version = get_u32(bytes + 8);
    header->procedure = get_u32(bytes + 12);
    header->type = get_u32(bytes + 16);
    header->serial = get_u32(bytes + 20);
    header->status = get_u32(bytes + 24);
}

void
spm_rpc_header_encode(const SpmRpcHeader *header, guint8 bytes[SPM_RPC_HEADER_SIZE])
{
    put_u32(bytes, header->length);
    put_u32(bytes + 4, header->program);
    put_u32(bytes + 8, header->version);
    put_u32(bytes + 12, header->procedure);
    put_u32(bytes + 16, header->type);
    put_u32(bytes + 20, header->serial);
    put_u32(bytes + 24, header->status);
}

gboolean
spm_rpc_header_has_fds(const SpmRpcHeader *header)
{
    return header->type == SPM_RPC_CALL_WITH_FDS || header->type == SPM_RPC_REPLY_WITH_FDS;
}

gboolean
spm_rpc_header_is_call(const SpmRpcHeader *header)
{
    return header->type == SPM_RPC_CALL || header->type == SPM_RPC_CALL_WITH_FDS;
}

gboolean
spm_rpc_header_is_reply(const SpmRpcHeader *header)
{
    return header->type == SPM_RPC_REPLY || header->type == SPM_RPC_REPLY_WITH_FDS;
}

SpmRpcFrame *
spm_rpc_frame_new(const SpmRpcHeader *header, const guint8 *payload, gsize size)
{
    SpmRpcFrame *frame;

    if (size > SPM_RPC_FRAME_MAX - SPM_RPC_HEADER_SIZE)
        return NULL;

    frame = g_new0(SpmRpcFrame, 1);
    frame->header = *header;
    frame->header.length = SPM_RPC_HEADER_SIZE + size;
    frame->bytes = g_byte_array_sized_new(frame->header.length);
    g_byte_array_set_size(frame->bytes, SPM_RPC_HEADER_SIZE);
    spm_rpc_header_encode(&frame->header, frame->bytes->data);
    if (size > 0)
        g_byte_array_append(frame->bytes, payload, size);
    return frame;
}

void
spm_rpc_frame_free(SpmRpcFrame *frame)
{
    if (!frame)
        return;
    for (guint i = 0; i < frame->n_fds; i++) {
        if (frame->fds[i] >= 0)
            close(frame->fds[i]);
    }
    g_clear_pointer(&frame->bytes, g_byte_array_unref);
    g_free(frame);
}

/* Where the arguments or the result start. */
static gsize
payload_start(const SpmRpcFrame *frame)
{
    return SPM_RPC_HEADER_SIZE + (spm_rpc_header_has_fds(&frame->header) ? 4 : 0);
}

const guint8 *
spm_rpc_frame_payload(const SpmRpcFrame *frame, gsize *size)
{
    gsize start = MIN(payload_start(frame), frame->bytes->len);

    *size = frame->bytes->len - start;
    return frame->bytes->data + start;
}

gboolean
spm_rpc_frame_replace(SpmRpcFrame *frame, gsize offset, gsize size, const guint8 *with,
                      gsize with_size)
{
    g_autoptr(GByteArray) old = NULL;
    gsize payload_size, before, after;

    spm_rpc_frame_payload(frame, &payload_size);
    if (offset > payload_size || size > payload_size - offset)
        return FALSE;
    before = payload_start(frame) + offset;
    after = frame->bytes->len - before - size;
    if (with_size > SPM_RPC_FRAME_MAX - before - after)
        return FALSE;

    old = g_steal_pointer(&frame->bytes);
    frame->bytes = g_byte_array_sized_new(before + with_size + after);
    g_byte_array_append(frame->bytes, old->data, before);
    g_byte_array_append(frame->bytes, with, with_size);
    g_byte_array_append(frame->bytes, old->data + before + size, after);
    frame->header.length = frame->bytes->len;
    spm_rpc_header_encode(&frame->header, frame->bytes->data);
    return TRUE;
}
