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
        return spm_xdr_read_string(reader, &param->text, &param->length);
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

static gboolean
is_xml_param(const Param *param)
{
    static const char *const names[] = { "dxml", "destination_xml", "persistent_xml" };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        /* libvirtd sees a name up to its first NUL byte. */
        if (strnlen(param->name, param->name_length) == strlen(names[i]) &&
            memcmp(param->name, names[i], strlen(names[i])) == 0)
            return param->text != NULL;
    }
    return FALSE;
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
        if (is_xml_param(&param) && !func(param.text, param.length, user_data))
            return FALSE;
    }
    return TRUE;
}

gboolean
spm_rpc_args_each_xml(const SpmRpcArgs *args, SpmRpcXmlFunc func, gpointer user_data)
{
    for (guint i = 0; i < args->n_fields; i++) {
        const SpmRpcField *field = &args->fields[i];

        if ((field->kind == 'x' || field->kind == 'y') && field->text &&
            !func(field->text, field->length, user_data))
            return FALSE;
        if (field->kind == 'q' && !each_param_xml(args, field, func, user_data))
            return FALSE;
    }
    return TRUE;
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
