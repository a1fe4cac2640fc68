/*
 * fuzz_rpc: what a hostile client or libvirtd may send
 *
 * The first two bytes of the input say how the rest arrives: bit 0 of the first,
 * whether messages are collected or taken in pieces; bit 1, whether descriptors
 * come along; the second, how many bytes come at once (0: all). The rest is a
 * stream of messages.
 *
 * Besides not crashing: what comes out in pieces is what went in, a collected
 * message has its length, and one whose XML is replaced says the new XML and
 * is otherwise the same.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rpc/rpc_args.h"
#include "rpc/rpc_error.h"
#include "rpc/rpc_parser.h"
#include "rpc/rpc_procedures.h"

#define FLAG_COLLECT 1
#define FLAG_FDS 2

static gboolean
touch_xml(const SpmRpcXml *xml, gpointer user_data)
{
    guint *sum = user_data;

    for (gsize i = 0; i < xml->length; i++)
        *sum += (guint8)xml->text[i];
    return TRUE;
}

static void
replace_xml(SpmRpcFrame *frame, const SpmRpcProcedure *procedure, const SpmRpcField *field)
{
    static const char text[] = "<domain type='qemu'/>";
    g_autoptr(GByteArray) encoded = g_byte_array_new();
    gsize offset = field->offset, old_size = field->size, size, new_size;
    const guint8 *payload;
    SpmRpcArgs args;

    spm_rpc_frame_payload(frame, &size);
    spm_xdr_write_string(encoded, text, strlen(text));
    if (!spm_rpc_frame_replace(frame, offset, old_size, encoded->data, encoded->len))
        return;
    payload = spm_rpc_frame_payload(frame, &new_size);
    check(new_size == size - old_size + encoded->len);
    check(frame->header.length == frame->bytes->len);
    check(spm_rpc_args_decode(procedure->args, payload, new_size, &args));
    field = spm_rpc_args_find(&args, 'x');
    check(field && field->length == strlen(text) && !memcmp(field->text, text, field->length));
}

static void
look_at(SpmRpcFrame *frame)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(&frame->header);
    g_auto(SpmRpcErrorInfo) info = { 0 };
    const guint8 *payload;
    SpmRpcArgs args;
    guint sum = 0;
    gsize size;

    check(frame->bytes->len == frame->header.length);
    payload = spm_rpc_frame_payload(frame, &size);
    if (spm_rpc_error_decode(payload, size, &info))
        check(!info.message || g_utf8_validate(info.message, -1, NULL));
    if (procedure && spm_rpc_args_decode(procedure->args, payload, size, &args)) {
        const SpmRpcField *field = spm_rpc_args_find(&args, 'x');

        spm_rpc_args_each_xml(&args, touch_xml, &sum);
        spm_rpc_args_flags(&args);
        if (field)
            replace_xml(frame, procedure, field);
    }
}

/* Returns FALSE once nothing more will come. */
static gboolean
take_events(SpmRpcParser *parser, gboolean collect, GByteArray *relayed)
{
    for (;;) {
        g_autoptr(SpmRpcFrame) frame = NULL;
        const guint8 *bytes;
        gsize size;
        int fd;

        switch (spm_rpc_parser_next(parser)) {
        case SPM_RPC_EVENT_HEADER:
            if (collect)
                spm_rpc_parser_collect(parser);
            break;
        case SPM_RPC_EVENT_BYTES:
            bytes = spm_rpc_parser_bytes(parser, &size);
            g_byte_array_append(relayed, bytes, size);
            break;
        case SPM_RPC_EVENT_FD:
            fd = spm_rpc_parser_take_fd(parser);
            check(fd >= 0);
            close(fd);
            g_byte_array_append(relayed, (const guint8 *)"", 1);
            break;
        case SPM_RPC_EVENT_FRAME:
            frame = spm_rpc_parser_take_frame(parser);
            look_at(frame);
            break;
        case SPM_RPC_EVENT_END:
            break;
        case SPM_RPC_EVENT_NONE:
            return TRUE;
        case SPM_RPC_EVENT_MALFORMED:
        default:
            check(spm_rpc_parser_reason(parser) != NULL);
            return FALSE;
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SpmRpcParser) parser = spm_rpc_parser_new();
    g_autoptr(GByteArray) relayed = g_byte_array_new();
    gsize done = 2, piece;
    guint8 flags;

    if (size < 2)
        return 0;
    flags = data[0];
    piece = data[1] ? data[1] : size;
    while (done < size) {
        gsize room;
        guint8 *to = spm_rpc_parser_room(parser, &room);
        gsize some = MIN(MIN(piece, size - done), room);
        int fd = flags & FLAG_FDS ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

        check(some > 0);
        memcpy(to, data + done, some);
        done += some;
        spm_rpc_parser_filled(parser, some, &fd, fd >= 0 ? 1 : 0);
        if (!take_events(parser, flags & FLAG_COLLECT, relayed))
            break;
    }
    /* The byte that carries a descriptor may have any value; it goes on as 0. */
    check(relayed->len <= size - 2);
    if (!(flags & FLAG_FDS))
        check(relayed->len == 0 || !memcmp(relayed->data, data + 2, relayed->len));
    return 0;
}
