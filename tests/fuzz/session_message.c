/*
 * session_message.c: messages as a script spells them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "session_message.h"

#include "rpc/rpc_args.h"
#include "rpc/rpc_error.h"
#include "rpc/rpc_procedures.h"
#include "session_text.h"
#include "util/spm_error.h"

#include "daemon/intercept/serials.h"

#include <string.h>

/* virTypedParameterType */
#define PARAM_STRING 7

void
message_free(Message *message)
{
    g_byte_array_unref(message->bytes);
    g_free(message);
}

Message *
message_new(guint32 procedure, guint32 type, guint32 serial, guint32 status,
            const GByteArray *payload)
{
    Message *message = g_new0(Message, 1);
    SpmRpcHeader *header = &message->header;

    header->program = SPM_RPC_PROGRAM_REMOTE;
    header->version = SPM_RPC_VERSION;
    header->procedure = procedure;
    header->type = type;
    header->serial = serial;
    header->status = status;
    header->length = SPM_RPC_HEADER_SIZE + (payload ? payload->len : 0);
    message->bytes = g_byte_array_new();
    g_byte_array_set_size(message->bytes, SPM_RPC_HEADER_SIZE);
    spm_rpc_header_encode(header, message->bytes->data);
    if (payload && payload->len > 0)
        g_byte_array_append(message->bytes, payload->data, payload->len);
    return message;
}

/* ---- payloads ---- */

static void
write_domain(GByteArray *bytes, Script *script)
{
    static const guint8 uuids[2][SPM_RPC_UUID_SIZE] = { "0123456789abcde", "fedcba987654321" };

    spm_xdr_write_string(bytes, "guest", 5);
    spm_xdr_write_fixed(bytes, uuids[script_choose(script, 2)], SPM_RPC_UUID_SIZE);
    spm_xdr_write_u32(bytes, 7);
}

static guint32
read_number(Script *script)
{
    guint8 kind = script_byte(script);

    if (kind < 200)
        return kind % 40;
    if (kind < 240)
        return 1u << kind % 32;
    return kind == 255 ? G_MAXUINT32 : script_u32(script);
}

static void
write_text(GByteArray *bytes, Script *script)
{
    g_autofree char *text = script_text(script);

    spm_xdr_write_string(bytes, text, strlen(text));
}

/* A cookie is XML and the NUL byte behind it; or not. */
static void
write_cookie(GByteArray *bytes, Script *script)
{
    g_autofree char *text = script_text(script);

    spm_xdr_write_string(bytes, text, strlen(text) + (script_byte(script) < 224));
}

static void
write_params(GByteArray *bytes, Script *script)
{
    static const char *const names[] = { "dxml", "destination_xml", "persistent_xml",
                                         "destination_name", "unix-user-id", "user-name", "" };
    guint count = script_choose(script, 4);

    spm_xdr_write_u32(bytes, count);
    while (count-- > 0) {
        const char *name = names[script_choose(script, G_N_ELEMENTS(names))];
        guint8 type = script_byte(script);

        spm_xdr_write_string(bytes, name, strlen(name));
        if (type < 160) {
            spm_xdr_write_u32(bytes, PARAM_STRING);
            write_text(bytes, script);
        } else if (type < 200) {
            spm_xdr_write_u32(bytes, 4);
            spm_xdr_write_u64(bytes, read_number(script));
        } else {
            spm_xdr_write_u32(bytes, type % 9);
            spm_xdr_write_u32(bytes, read_number(script));
        }
    }
}

static void
write_field(GByteArray *bytes, char kind, Script *script)
{
    switch (kind) {
    case 'd':
        write_domain(bytes, script);
        break;
    case 'u':
        spm_xdr_write_u32(bytes, read_number(script));
        break;
    case 'h':
        spm_xdr_write_u64(bytes, read_number(script));
        break;
    case 'p':
    case 'q':
        write_params(bytes, script);
        break;
    case 'o':
    case 'y':
        spm_xdr_write_u32(bytes, script_choose(script, 4) != 0);
        if (bytes->data[bytes->len - 1])
            write_text(bytes, script);
        break;
    case 'c':
        write_cookie(bytes, script);
        break;
    default: /* strings of all kinds, and bytes */
        write_text(bytes, script);
    }
}

static GByteArray *
read_arguments(Script *script, const char *signature)
{
    GByteArray *payload = g_byte_array_new();

    for (; *signature; signature++)
        write_field(payload, *signature, script);
    return payload;
}

static GByteArray *
read_anything(Script *script)
{
    GByteArray *payload = g_byte_array_new();
    gsize size;
    const guint8 *bytes = script_bytes(script, script_byte(script), &size);

    if (size > 0)
        g_byte_array_append(payload, bytes, size);
    return payload;
}

/* ---- what is not as it should be ---- */

static void
damage(Message *message, Script *script)
{
    GByteArray *bytes = message->bytes;
    guint8 how = script_byte(script);
    guint16 where;

    if (how < 216 || bytes->len <= SPM_RPC_HEADER_SIZE)
        return;
    where = script_u16(script) % (bytes->len - SPM_RPC_HEADER_SIZE) + SPM_RPC_HEADER_SIZE;
    if (how < 228)
        g_byte_array_set_size(bytes, where);
    else if (how < 240)
        bytes->data[where] ^= script_byte(script);
    else
        g_byte_array_append(bytes, (const guint8 *)"tail", 4);
    message->header.length = bytes->len;
    spm_rpc_header_encode(&message->header, bytes->data);
}

static void
lie_about_length(Message *message, Script *script)
{
    SpmRpcHeader header = message->header;
    guint8 how = script_byte(script);

    if (how < 244)
        return;
    header.length = how < 250 ? header.length + how - 247 : script_u32(script);
    spm_rpc_header_encode(&header, message->bytes->data);
}

/* A count of descriptors, and mostly as many of them. */
static void
add_fds(Message *message, Script *script)
{
    guint8 kind = script_byte(script);
    guint32 count = kind < 240 ? kind % 4 : kind - 240 + 26;
    guint8 sent = script_byte(script);

    if (!spm_rpc_header_has_fds(&message->header)) {
        message->n_fds = sent > 250 ? sent - 250 : 0;
        return;
    }
    count = GUINT32_TO_BE(count);
    g_byte_array_set_size(message->bytes, message->bytes->len + 4);
    memmove(message->bytes->data + SPM_RPC_HEADER_SIZE + 4,
            message->bytes->data + SPM_RPC_HEADER_SIZE, message->header.length - SPM_RPC_HEADER_SIZE);
    memcpy(message->bytes->data + SPM_RPC_HEADER_SIZE, &count, 4);
    message->header.length += 4;
    spm_rpc_header_encode(&message->header, message->bytes->data);
    message->n_fds = sent < 232 ? MIN(GUINT32_FROM_BE(count), SPM_RPC_FDS_MAX) : sent % 5;
}

static void
set_header(Message *message)
{
    message->header.length = message->bytes->len;
    spm_rpc_header_encode(&message->header, message->bytes->data);
}

/* ---- whole messages ---- */

static guint32
read_serial(Script *script, guint32 *next)
{
    guint8 kind = script_byte(script);

    if (kind < 160)
        return (*next)++;
    if (kind < 176)
        return *next - 1;
    if (kind < 200)
        return kind - 176;
    if (kind < 248)
        return SPM_SERIALS_FIRST + kind % 12;
    return kind == 248 ? G_MAXUINT32 : 0;
}

static guint32
read_type(Script *script, guint32 usual)
{
    guint8 kind = script_byte(script);

    return kind < 208 ? usual : kind == 255 ? script_u32(script) : kind % 8;
}

static void
read_program(Script *script, SpmRpcHeader *header)
{
    static const guint32 programs[] = { SPM_RPC_PROGRAM_QEMU, SPM_RPC_PROGRAM_LXC,
                                        SPM_RPC_PROGRAM_KEEPALIVE, SPM_RPC_PROGRAM_REMOTE, 0x06900690 };

    header->program = programs[script_choose(script, G_N_ELEMENTS(programs))];
    header->version = script_choose(script, 4) ? SPM_RPC_VERSION : script_byte(script);
}

/* Round and round the table. */
static const SpmRpcProcedure *
row_at(guint steps)
{
    const SpmRpcProcedure *row = spm_rpc_procedure_next(NULL);

    while (steps-- > 0) {
        row = spm_rpc_procedure_next(row);
        if (!row)
            row = spm_rpc_procedure_next(NULL);
    }
    return row;
}

Message *
message_read(Script *script, guint32 usual_type, guint32 *next_serial)
{
    guint8 kind = script_byte(script);
    g_autoptr(GByteArray) payload = NULL;
    Message *message;

    message = message_new(0, read_type(script, usual_type), read_serial(script, next_serial), SPM_RPC_OK, NULL);
    if (kind < 184) {
        const SpmRpcProcedure *row = row_at(kind);

        message->header.procedure = row->number;
        payload = read_arguments(script, row->args);
    } else if (kind < 208) {
        message->header.procedure = kind % 2 ? script_u16(script) : kind * 2;
        payload = read_anything(script);
    } else {
        message->header.procedure = script_choose(script, 16);
        read_program(script, &message->header);
        payload = read_anything(script);
    }
    kind = script_byte(script);
    message->header.status = kind < 216 ? SPM_RPC_OK : kind == 255 ? script_u32(script) : kind % 4;
    if (payload->len > 0)
        g_byte_array_append(message->bytes, payload->data, payload->len);
    set_header(message);
    damage(message, script);
    add_fds(message, script);
    lie_about_length(message, script);
    return message;
}

static GByteArray *
error_payload(void)
{
    g_autoptr(GError) error =
        g_error_new_literal(SPM_ERROR, SPM_ERROR_OPERATION_FAILED, "libvirtd's own words");

    return spm_rpc_error_encode(error, SPM_RPC_FROM_QEMU);
}

Message *
message_read_reply(Script *script, const SpmRpcHeader *call)
{
    guint8 kind = script_byte(script);
    gboolean error = kind >= 192 && kind < 224;
    g_autoptr(GByteArray) payload = g_byte_array_new();
    guint8 fds = script_byte(script);
    Message *message;

    if (error) {
        g_byte_array_unref(payload);
        payload = error_payload();
    } else if (kind < 128) {
        write_text(payload, script);
    } else if (kind < 192) {
        /* nothing, as most calls are answered */
    } else {
        g_byte_array_unref(payload);
        payload = read_anything(script);
    }
    message = message_new(call->procedure, fds < 240 ? SPM_RPC_REPLY : SPM_RPC_REPLY_WITH_FDS,
                          call->serial, error ? SPM_RPC_ERROR : SPM_RPC_OK, payload);
    message->header.program = call->program;
    message->header.version = call->version;
    if (kind > 250)
        message->header.status = script_byte(script);
    set_header(message);
    damage(message, script);
    add_fds(message, script);
    return message;
}
