/*
 * rpc_error.c: the payload of a reply that is an error
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_error.h"

#include "rpc/rpc_xdr.h"
#include "util/spm_error.h"

#include <string.h>

/* The longest text sent. A message may quote what a client sent; no terminal is
 * served with more, and the string limit of the protocol stays far away. */
#define MESSAGE_MAX (64 * 1024)

/* virErrorLevel */
#define LEVEL_ERROR 2

void
spm_rpc_error_info_clear(SpmRpcErrorInfo *info)
{
    g_clear_pointer(&info->message, g_free);
    info->code = info->domain = 0;
}

/* At most MESSAGE_MAX bytes of @text, cut between two characters. */
static char *
shorten(const char *text)
{
    if (strlen(text) > MESSAGE_MAX) {
        g_autofree char *cut = g_strndup(text, MESSAGE_MAX);

        return g_utf8_make_valid(cut, -1);
    }
    return g_utf8_make_valid(text, -1);
}

GByteArray *
spm_rpc_error_encode(const GError *error, guint32 domain)
{
    GByteArray *bytes = g_byte_array_new();
    int code = spm_error_number(error);
    const char *format = spm_error_heading(code);
    g_autofree char *whole = spm_error_text(error);
    g_autofree char *message = shorten(whole);
    g_autofree char *detail = shorten(error->message);

    spm_xdr_write_u32(bytes, code);
    spm_xdr_write_u32(bytes, domain);
    spm_xdr_write_optional(bytes, message);
    spm_xdr_write_u32(bytes, LEVEL_ERROR);
    spm_xdr_write_u32(bytes, 0); /* dom */
    /* libvirt's own way to write a format that adds nothing. */
    spm_xdr_write_optional(bytes, g_str_equal(format, "%1$s") ? "%s" : format);
    spm_xdr_write_optional(bytes, detail);
    spm_xdr_write_optional(bytes, NULL);
    spm_xdr_write_u32(bytes, (guint32)-1);
    spm_xdr_write_u32(bytes, (guint32)-1);
    spm_xdr_write_u32(bytes, 0); /* net */
    return bytes;
}

gboolean
spm_rpc_error_decode(const guint8 *payload, gsize size, SpmRpcErrorInfo *info)
{
    SpmXdrReader reader;
    const char *message;
    gsize length;

    memset(info, 0, sizeof *info);
    spm_xdr_reader_init(&reader, payload, size);
    if (!spm_xdr_read_u32(&reader, &info->code) || !spm_xdr_read_u32(&reader, &info->domain) ||
        !spm_xdr_read_optional(&reader, &message, &length)) {
        spm_rpc_error_info_clear(info);
        return FALSE;
    }
    if (message)
        info->message = g_utf8_make_valid(message, (gssize)strnlen(message, length));
    return TRUE;
}

SpmRpcFrame *
spm_rpc_error_reply(const SpmRpcHeader *call, const GError *error, guint32 domain)
{
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, domain);
    SpmRpcHeader header = *call;

    header.type = SPM_RPC_REPLY;
    header.status = SPM_RPC_ERROR;
    return spm_rpc_frame_new(&header, payload->data, payload->len);
}
