/*
 * fuzz_rpc: what a hostile client or libvirtd may send
 *
 * The first two bytes of the input say how the rest arrives: bit 0 of the first,
 * whether messages are collected or taken in pieces; bit 1, whether descriptors
 * come along; the second, how many bytes come at once (0: all; above 127: pieces of
 * changing sizes). The rest is a stream of messages.
 *
 * Besides not crashing: what comes out in pieces is what went in, and a collected
 * message has its length. Its payload is read by every layout of the table, and
 * where the documents in it are replaced, it decodes and has the new ones.
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

/* Documents of one message that are looked at. */
#define DOCUMENTS_MAX 32

/* The documents in a message, read to their last byte. */
typedef struct {
    SpmRpcXml xml[DOCUMENTS_MAX];
    guint count;
    guint sum;
} Documents;

static gboolean
note_xml(const SpmRpcXml *xml, gpointer user_data)
{
    Documents *documents = user_data;

    for (gsize i = 0; i < xml->length; i++)
        documents->sum += (guint8)xml->text[i];
    if (documents->count < DOCUMENTS_MAX)
        documents->xml[documents->count++] = *xml;
    return documents->count < DOCUMENTS_MAX;
}

/* Another document in the place of each, the last one first: the message still
 * decodes and has these documents, and what is behind its arguments stays. */
static void
replace_all(SpmRpcFrame *frame, const char *signature, const Documents *before)
{
    static const char text[] = "<domain type='qemu'/>";
    Documents after = { .count = 0 };
    gsize size;
    const guint8 *payload;
    SpmRpcArgs args;

    for (guint i = before->count; i > 0; i--) {
        const SpmRpcXml *xml = &before->xml[i - 1];
        g_autoptr(GByteArray) encoded = g_byte_array_new();
        gsize old_size, new_size;

        spm_rpc_frame_payload(frame, &old_size);
        check(spm_rpc_xml_encode(xml, text, encoded));
        if (!spm_rpc_frame_replace(frame, xml->offset, xml->size, encoded->data, encoded->len))
            return;
        spm_rpc_frame_payload(frame, &new_size);
        check(new_size == old_size - xml->size + encoded->len);
        check(frame->header.length == frame->bytes->len);
    }
    payload = spm_rpc_frame_payload(frame, &size);
    check(spm_rpc_args_decode(signature, payload, size, &args));
    spm_rpc_args_each_xml(&args, note_xml, &after);
    check(after.count == before->count);
    for (guint i = 0; i < after.count; i++)
        check(after.xml[i].length == strlen(text) && memcmp(after.xml[i].text, text, strlen(text)) == 0);
}

/* Every layout of the table, whatever the message says it is. */
static void
look_at_arguments(const SpmRpcFrame *frame)
{
    const SpmRpcProcedure *row = NULL;
    gsize size;
    const guint8 *payload = spm_rpc_frame_payload(frame, &size);

    while ((row = spm_rpc_procedure_next(row))) {
        g_autoptr(SpmRpcFrame) copy = NULL;
        Documents documents = { .count = 0 };
        SpmRpcArgs args;

        if (!spm_rpc_args_decode(row->args, payload, size, &args))
            continue;
        for (guint field = 0; field < args.n_fields; field++)
            check(args.fields[field].offset + args.fields[field].size <= size);
        spm_rpc_args_flags(&args);
        spm_rpc_args_each_xml(&args, note_xml, &documents);
        copy = spm_rpc_frame_new(&(SpmRpcHeader){ .procedure = row->number }, payload, size);
        if (copy)
            replace_all(copy, row->args, &documents);
    }
}

static void
look_at(SpmRpcFrame *frame)
{
    g_auto(SpmRpcErrorInfo) info = { 0 };
    const guint8 *payload;
    gsize size;

    check(frame->bytes->len == frame->header.length);
    payload = spm_rpc_frame_payload(frame, &size);
    if (spm_rpc_error_decode(payload, size, &info))
        check(!info.message || g_utf8_validate(info.message, -1, NULL));
    spm_rpc_procedure_find(&frame->header);
    look_at_arguments(frame);
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
    guint32 state = 1;
    guint8 flags;

    if (size < 2)
        return 0;
    flags = data[0];
    piece = data[1] ? data[1] : size;
    while (done < size) {
        gsize room;
        guint8 *to = spm_rpc_parser_room(parser, &room);
        gsize some;
        int fd = flags & FLAG_FDS ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

        if (data[1] > 127) {
            state = state * 1103515245 + 12345;
            piece = 1 + (state >> 16) % (data[1] - 127);
        }
        some = MIN(MIN(piece, size - done), room);
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
