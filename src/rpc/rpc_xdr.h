/*
 * rpc_xdr.h: reading and writing XDR (RFC 4506), as far as libvirt uses it
 *
 * Everything is big-endian and padded to four bytes. The reader never looks
 * behind its end; a length is compared with what is there before it is used.
 * Padding need not be zero, a boolean may be any number and bytes may follow
 * what was read: libvirtd does not mind either, and who judges its input must
 * not see less than it does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* REMOTE_STRING_MAX: neither libvirtd nor its clients decode a longer one. */
#define SPM_RPC_STRING_MAX (4 * 1024 * 1024)

/* Reads from memory it does not own. After a failure nothing can be read. */
typedef struct {
    const guint8 *data;
    gsize size;
    gsize offset;
    gboolean failed;
} SpmXdrReader;

void spm_xdr_reader_init(SpmXdrReader *reader, const guint8 *data, gsize size);

gboolean spm_xdr_read_u32(SpmXdrReader *reader, guint32 *value);
gboolean spm_xdr_read_u64(SpmXdrReader *reader, guint64 *value);
gboolean spm_xdr_read_bool(SpmXdrReader *reader, gboolean *value);
/* Bytes of fixed length, such as a UUID. *bytes points into the data. */
gboolean spm_xdr_read_fixed(SpmXdrReader *reader, gsize size, const guint8 **bytes);
/* A string or bytes with their length. *text points into the data: no NUL
 * follows, and a NUL may be in it. */
gboolean spm_xdr_read_string(SpmXdrReader *reader, const char **text, gsize *length);
/* The same, or NULL when it says that there is none. */
gboolean spm_xdr_read_optional(SpmXdrReader *reader, const char **text, gsize *length);

/* Appends to @bytes, which the caller owns. */
void spm_xdr_write_u32(GByteArray *bytes, guint32 value);
void spm_xdr_write_u64(GByteArray *bytes, guint64 value);
void spm_xdr_write_fixed(GByteArray *bytes, const guint8 *data, gsize size);
/* FALSE, and nothing is appended, when it is longer than SPM_RPC_STRING_MAX. */
gboolean spm_xdr_write_string(GByteArray *bytes, const char *text, gsize length);
/* @text may be NULL: there is none. */
gboolean spm_xdr_write_optional(GByteArray *bytes, const char *text);

G_END_DECLS
