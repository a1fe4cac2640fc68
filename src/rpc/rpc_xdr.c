/*
 * rpc_xdr.c: reading and writing XDR (RFC 4506), as far as libvirt uses it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_xdr.h"

#include <string.h>

void
spm_xdr_reader_init(SpmXdrReader *reader, const guint8 *data, gsize size)
{
    reader->data = data ? data : (const guint8 *)""; /* of nothing there may be nowhere */
    reader->size = size;
    reader->offset = 0;
    reader->failed = FALSE;
}

/* @size bytes and their padding, or NULL. */
static const guint8 *
advance(SpmXdrReader *reader, guint64 size)
{
    const guint8 *bytes = reader->data + reader->offset;
    gsize left = reader->size - reader->offset;
    guint64 padding = -size % 4;

    if (reader->failed || size > left || padding > left - size) {
        reader->failed = TRUE;
        return NULL;
    }
    reader->offset += size + padding;
    return bytes;
}

gboolean
spm_xdr_read_u32(SpmXdrReader *reader, guint32 *value)
{
    const guint8 *bytes = advance(reader, 4);

    if (!bytes)
        return FALSE;
    memcpy(value, bytes, 4);
    *value = GUINT32_FROM_BE(*value);
    return TRUE;
}

gboolean
spm_xdr_read_u64(SpmXdrReader *reader, guint64 *value)
{
    const guint8 *bytes = advance(reader, 8);

    if (!bytes)
        return FALSE;
    memcpy(value, bytes, 8);
    *value = GUINT64_FROM_BE(*value);
    return TRUE;
}

gboolean
spm_xdr_read_bool(SpmXdrReader *reader, gboolean *value)
{
    guint32 number;

    if (!spm_xdr_read_u32(reader, &number))
        return FALSE;
    *value = number != 0;
    return TRUE;
}

gboolean
spm_xdr_read_fixed(SpmXdrReader *reader, gsize size, const guint8 **bytes)
{
    *bytes = advance(reader, size);
    return *bytes != NULL;
}

gboolean
spm_xdr_read_string(SpmXdrReader *reader, const char **text, gsize *length)
{
    guint32 size;

    if (!spm_xdr_read_u32(reader, &size))
        return FALSE;
    if (size > SPM_RPC_STRING_MAX) {
        reader->failed = TRUE;
        return FALSE;
    }
    *text = (const char *)advance(reader, size);
    *length = size;
    return *text != NULL;
}

gboolean
spm_xdr_read_optional(SpmXdrReader *reader, const char **text, gsize *length)
{
    gboolean there;

    *text = NULL;
    *length = 0;
    if (!spm_xdr_read_bool(reader, &there))
        return FALSE;
    return !there || spm_xdr_read_string(reader, text, length);
}

void
spm_xdr_write_u32(GByteArray *bytes, guint32 value)
{
    value = GUINT32_TO_BE(value);
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

void
spm_xdr_write_u64(GByteArray *bytes, guint64 value)
{
    value = GUINT64_TO_BE(value);
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

void
spm_xdr_write_fixed(GByteArray *bytes, const guint8 *data, gsize size)
{
    static const guint8 padding[4];

    if (size > 0)
        g_byte_array_append(bytes, data, size);
    if (size % 4 != 0)
        g_byte_array_append(bytes, padding, 4 - size % 4);
}

gboolean
spm_xdr_write_string(GByteArray *bytes, const char *text, gsize length)
{
    if (length > SPM_RPC_STRING_MAX)
        return FALSE;
    spm_xdr_write_u32(bytes, length);
    spm_xdr_write_fixed(bytes, (const guint8 *)text, length);
    return TRUE;
}

gboolean
spm_xdr_write_optional(GByteArray *bytes, const char *text)
{
    gsize length = text ? strlen(text) : 0;

    if (length > SPM_RPC_STRING_MAX)
        return FALSE;
    spm_xdr_write_u32(bytes, text != NULL);
    return !text || spm_xdr_write_string(bytes, text, length);
}
