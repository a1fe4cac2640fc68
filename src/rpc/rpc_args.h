/*
 * rpc_args.h: arguments and results, decoded by a signature
 *
 * A signature has one letter a field, in the order of the wire:
 *
 *     d  a domain: name, UUID, id
 *     u  32 bits         h  64 bits         b  bytes
 *     s  a string        o  a string or none
 *     p  typed parameters (name, type, value)
 *
 * and for domain XML, so that nobody has to count fields to find it:
 *
 *     x  a string        y  a string or none
 *     q  typed parameters; XML is in those called "dxml", "destination_xml"
 *        and "persistent_xml"
 *     c  bytes: a migration's cookie, XML that a NUL byte ends
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_xdr.h"

G_BEGIN_DECLS

/* No procedure in the table has more fields. */
#define SPM_RPC_FIELDS_MAX 10

#define SPM_RPC_UUID_SIZE 16

/* Everything points into the decoded payload. */
typedef struct {
    char kind;
    gsize offset;     /* of the encoded field in the payload */
    gsize size;       /* of the encoded field, padding included */
    guint64 number;   /* u, h */
    const char *text; /* s, o, x, y, b; NULL when there is none. d: the name */
    gsize length;
    const guint8 *uuid; /* d */
} SpmRpcField;

typedef struct {
    const guint8 *payload;
    guint n_fields;
    SpmRpcField fields[SPM_RPC_FIELDS_MAX];
} SpmRpcArgs;

/* FALSE when the payload is too short or a limit is exceeded, where libvirtd
 * would say "Unable to decode message payload". Bytes that follow are left. */
gboolean spm_rpc_args_decode(const char *signature, const guint8 *payload, gsize size,
                             SpmRpcArgs *args);

/* The first field of this kind, or NULL. */
const SpmRpcField *spm_rpc_args_find(const SpmRpcArgs *args, char kind);
/* The number in the last field, where nearly every procedure has its flags;
 * 0 when that is no number. */
guint64 spm_rpc_args_flags(const SpmRpcArgs *args);

/* One piece of domain XML among the arguments, whether or not it is any. */
typedef struct {
    const char *text;
    gsize length;
    gsize offset;       /* of the encoded string in the payload: its length word, */
    gsize size;         /* its bytes and padding */
    gboolean is_cookie; /* a NUL byte follows, and counts as one of the bytes */
} SpmRpcXml;

/* Called with each of them in the order of the wire; stops when it returns FALSE. */
typedef gboolean (*SpmRpcXmlFunc)(const SpmRpcXml *xml, gpointer user_data);
/* FALSE when @func stopped it. */
gboolean spm_rpc_args_each_xml(const SpmRpcArgs *args, SpmRpcXmlFunc func, gpointer user_data);

/* What has to stand in the place of @xml when its text is @text; FALSE when that
 * is longer than SPM_RPC_STRING_MAX. */
gboolean spm_rpc_xml_encode(const SpmRpcXml *xml, const char *text, GByteArray *bytes);

/* The string parameter of this name among those of the field (p, q), or FALSE. */
gboolean spm_rpc_args_param(const SpmRpcArgs *args, const SpmRpcField *field, const char *name,
                            const char **text, gsize *length);

/* A typed parameter, for calls of our own. */
void spm_rpc_param_write_string(GByteArray *bytes, const char *name, const char *value);
void spm_rpc_param_write_llong(GByteArray *bytes, const char *name, gint64 value);
void spm_rpc_param_write_ullong(GByteArray *bytes, const char *name, guint64 value);

G_END_DECLS
