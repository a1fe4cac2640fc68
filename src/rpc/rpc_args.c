/*
 * rpc_args.c: arguments and results, decoded by a signature
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_args.h"

#include <string.h>

/* virTypedParameterType, as it travels. */
enum {
    PARAM_INT = 1,
    PARAM_UINT = 2,
    PARAM_LLONG = 3,
    PARAM_ULLONG = 4,
    PARAM_DOUBLE = 5,
    PARAM_BOOLEAN = 6,
    PARAM_STRING = 7,
};

typedef struct {
    const char *name;
    gsize name_length;
    const char *text; /* NULL unless it is a string */
    gsize length;
    gsize offset, size; /* of that string, encoded; the offset is the reader's */
} Param;

static gboolean
read_param(SpmXdrReader *reader, Param *param)
{
    guint32 type, u32;
    guint64 u64;

    param->text = NULL;
    param->length = 0;
    if (!spm_xdr_read_string(reader, &param->name, &param->name_length) ||
        !spm_xdr_read_u32(reader, &type))
        return FALSE;

    switch (type) {
    case PARAM_INT:
    case PARAM_UINT:
    case PARAM_BOOLEAN:
        return spm_xdr_read_u32(reader, &u32);
    case PARAM_LLONG:
    case PARAM_ULLONG:
    case PARAM_DOUBLE:
        return spm_xdr_read_u64(reader, &u64);
    case PARAM_STRING:
        param->offset = reader->offset;
        if (!spm_xdr_read_string(reader, &param->text, &param->length))
            return FALSE;
        param->size = reader->offset - param->offset;
        return TRUE;
    default:
        reader->failed = TRUE;
        return FALSE;
    }
}

/* Every parameter takes at least twelve bytes, so that a count the payload
 * cannot hold ends the loop early. */
static gboolean
skip_params(SpmXdrReader *reader)
{
    guint32 count;
    Param param;

    if (!spm_xdr_read_u32(reader, &count))
        return FALSE;
    while (count-- > 0) {
        if (!read_param(reader, &param))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_field(SpmXdrReader *reader, SpmRpcField *field)
{
    guint32 u32;

    switch (field->kind) {
    case 'u':
        if (!spm_xdr_read_u32(reader, &u32))
            return FALSE;
        field->number = u32;
        return TRUE;
    case 'h':
        return spm_xdr_read_u64(reader, &field->number);
    case 's':
    case 'x':
    case 'b':
    case 'c':
        return spm_xdr_read_string(reader, &field->text, &field->length);
    case 'o':
    case 'y':
        return spm_xdr_read_optional(reader, &field->text, &field->length);
    case 'p':
    case 'q':
        return skip_params(reader);
    case 'd':
        return spm_xdr_read_string(reader, &field->text, &field->length) &&
               spm_xdr_read_fixed(reader, SPM_RPC_UUID_SIZE, &field->uuid) &&
               spm_xdr_read_u32(reader, &u32);
    default:
        return FALSE;
    }
}

gboolean
spm_rpc_args_decode(const char *signature, const guint8 *payload, gsize size, SpmRpcArgs *args)
{
    SpmXdrReader reader;

    spm_xdr_reader_init(&reader, payload, size);
    memset(args, 0, sizeof *args);
    args->payload = payload;
    for (; *signature; signature++) {
        SpmRpcField *field;

        if (args->n_fields == SPM_RPC_FIELDS_MAX)
            return FALSE;
        field = &args->fields[args->n_fields++];
        field->kind = *signature;
        field->offset = reader.offset;
        if (!read_field(&reader, field))
            return FALSE;
        field->size = reader.offset - field->offset;
    }
    return TRUE;
}

const SpmRpcField *
spm_rpc_args_find(const SpmRpcArgs *args, char kind)
{
    for (guint i = 0; i < args->n_fields; i++) {
        if (args->fields[i].kind == kind)
            return &args->fields[i];
    }
    return NULL;
}

guint64
spm_rpc_args_flags(const SpmRpcArgs *args)
{
    return args->n_fields > 0 ? args->fields[args->n_fields - 1].number : 0;
}

/* libvirtd sees a name up to its first NUL byte. */
static gboolean
is_called(const Param *param, const char *name)
{
    return strnlen(param->name, param->name_length) == strlen(name) &&
           memcmp(param->name, name, strlen(name)) == 0;
}

static gboolean
is_xml_param(const Param *param)
{
    return param->text && (is_called(param, "dxml") || is_called(param, "destination_xml") ||
                           is_called(param, "persistent_xml"));
}

static gboolean
each_param_xml(const SpmRpcArgs *args, const SpmRpcField *field, SpmRpcXmlFunc func,
               gpointer user_data)
{
    SpmXdrReader reader;
    guint32 count;
    Param param;

    spm_xdr_reader_init(&reader, args->payload + field->offset, field->size);
    if (!spm_xdr_read_u32(&reader, &count))
        return TRUE;
    while (count-- > 0 && read_param(&reader, &param)) {
        const SpmRpcXml xml = {
            .text = param.text,
            .length = param.length,
            .offset = field->offset + param.offset,
            .size = param.size,
        };

        if (is_xml_param(&param) && !func(&xml, user_data))
            return FALSE;
    }
    return TRUE;
}

/* Where the field has a string itself; FALSE when it has none that libvirtd would
 * read. */
static gboolean
xml_of_field(const SpmRpcField *field, SpmRpcXml *xml)
{
    gsize before = field->kind == 'y' ? 4 : 0; /* it says that there is one */

    if (!field->text || (field->kind != 'x' && field->kind != 'y' && field->kind != 'c'))
        return FALSE;
    xml->text = field->text;
    xml->length = field->length;
    xml->offset = field->offset + before;
    xml->size = field->size - before;
    xml->is_cookie = field->kind == 'c';
    if (!xml->is_cookie)
        return TRUE;
    /* libvirtd refuses a cookie that does not end in a NUL byte, and reads it up
     * to the first. */
    xml->length = strnlen(field->text, field->length);
    return field->length > 0 && field->text[field->length - 1] == '\0';
}

gboolean
spm_rpc_args_each_xml(const SpmRpcArgs *args, SpmRpcXmlFunc func, gpointer user_data)
{
    for (guint i = 0; i < args->n_fields; i++) {
        const SpmRpcField *field = &args->fields[i];
        SpmRpcXml xml;

        if (xml_of_field(field, &xml) && !func(&xml, user_data))
            return FALSE;
        if (field->kind == 'q' && !each_param_xml(args, field, func, user_data))
            return FALSE;
    }
    return TRUE;
}

gboolean
spm_rpc_xml_encode(const SpmRpcXml *xml, const char *text, GByteArray *bytes)
{
    return spm_xdr_write_string(bytes, text, strlen(text) + (xml->is_cookie ? 1 : 0));
}

gboolean
spm_rpc_args_param(const SpmRpcArgs *args, const SpmRpcField *field, const char *name,
                   const char **text, gsize *length)
{
    SpmXdrReader reader;
    guint32 count;
    Param param;

    spm_xdr_reader_init(&reader, args->payload + field->offset, field->size);
    if (!spm_xdr_read_u32(&reader, &count))
        return FALSE;
    while (count-- > 0 && read_param(&reader, &param)) {
        if (param.text && is_called(&param, name)) {
            *text = param.text;
            *length = param.length;
            return TRUE;
        }
    }
    return FALSE;
}

void
spm_rpc_param_write_string(GByteArray *bytes, const char *name, const char *value)
{
    spm_xdr_write_string(bytes, name, strlen(name));
    spm_xdr_write_u32(bytes, PARAM_STRING);
    spm_xdr_write_string(bytes, value, strlen(value));
}

void
spm_rpc_param_write_llong(GByteArray *bytes, const char *name, gint64 value)
{
    spm_xdr_write_string(bytes, name, strlen(name));
    spm_xdr_write_u32(bytes, PARAM_LLONG);
    spm_xdr_write_u64(bytes, (guint64)value);
}

void
spm_rpc_param_write_ullong(GByteArray *bytes, const char *name, guint64 value)
{
    spm_xdr_write_string(bytes, name, strlen(name));
    spm_xdr_write_u32(bytes, PARAM_ULLONG);
    spm_xdr_write_u64(bytes, value);
}
