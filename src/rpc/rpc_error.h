/*
 * rpc_error.h: the payload of a reply that is an error
 *
 *     int code; int domain; string? message; int level; domain? dom;
 *     string? str1; string? str2; string? str3; int int1; int int2; network? net
 *
 * libvirtd fills in message with the whole text, str1 with the format it was
 * made from and str2 with the detail; dom, str3 and net are absent, int1 and
 * int2 are -1 unless there is an errno. Ours look the same, so that a client
 * cannot tell, nor has to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

/* Which part of libvirt an error is from (virErrorDomain). */
enum {
    SPM_RPC_FROM_XML = 5,
    SPM_RPC_FROM_RPC = 7,
    SPM_RPC_FROM_QEMU = 10,
    SPM_RPC_FROM_REMOTE = 13,
    SPM_RPC_FROM_DOMAIN = 20,
    SPM_RPC_FROM_POLKIT = 60,
};

typedef struct {
    guint32 code;   /* virErrorNumber */
    guint32 domain; /* virErrorDomain */
    char *message;  /* may be NULL */
} SpmRpcErrorInfo;

void spm_rpc_error_info_clear(SpmRpcErrorInfo *info);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SpmRpcErrorInfo, spm_rpc_error_info_clear)

/* The payload for @error, from this part of libvirt. */
GByteArray *spm_rpc_error_encode(const GError *error, guint32 domain);

/* FALSE when it does not decode; *info is empty then. Bytes in the message
 * that are not UTF-8 are replaced. */
gboolean spm_rpc_error_decode(const guint8 *payload, gsize size, SpmRpcErrorInfo *info);

/* The answer to the call with this header. */
SpmRpcFrame *spm_rpc_error_reply(const SpmRpcHeader *call, const GError *error, guint32 domain);

G_END_DECLS
