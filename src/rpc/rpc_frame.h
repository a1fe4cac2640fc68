/*
 * rpc_frame.h: one message of libvirt's RPC protocol
 *
 *     length u32 | program u32 | version u32 | procedure i32 | type u32 |
 *     serial u32 | status u32 | payload
 *
 * all big-endian. The length counts itself. Messages of the two "with fds"
 * types start their payload with a count of file descriptors; behind the
 * message follow as many bytes of value 0, each carrying one descriptor
 * (SCM_RIGHTS), and those bytes are not counted in the length.
 *
 * The protocol is described by libvirt's virnetprotocol.x; what is relied on
 * here was watched on libvirt 12.8.0.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The length word and the header behind it: the shortest message. libvirtd
 * closes the connection of a peer that claims less. */
#define SPM_RPC_HEADER_SIZE 28

/* The longest message: VIR_NET_MESSAGE_MAX, which is 32 MiB in libvirt 12.8 and
 * was 16 MiB once, plus the length word. Protects the memory of whoever collects messages; libvirtd
 * closes the connection of a peer that claims more. */
#define SPM_RPC_FRAME_MAX (32 * 1024 * 1024 + 4)

/* Descriptors of one message (VIR_NET_MESSAGE_NUM_FDS_MAX). Protects the
 * descriptor table; libvirtd closes the connection of a peer that claims more. */
#define SPM_RPC_FDS_MAX 32

enum {
    SPM_RPC_PROGRAM_REMOTE = 0x20008086,
    SPM_RPC_PROGRAM_QEMU = 0x20008087,
    SPM_RPC_PROGRAM_LXC = 0x00068000,
    SPM_RPC_PROGRAM_KEEPALIVE = 0x6b656570,
};

/* The version of every program above. */
#define SPM_RPC_VERSION 1

enum {
    SPM_RPC_CALL = 0,
    SPM_RPC_REPLY = 1,
    SPM_RPC_MESSAGE = 2, /* events and keepalive: the serial means nothing */
    SPM_RPC_STREAM = 3,
    SPM_RPC_CALL_WITH_FDS = 4,
    SPM_RPC_REPLY_WITH_FDS = 5,
    SPM_RPC_STREAM_HOLE = 6,
};

enum {
    SPM_RPC_OK = 0,
    SPM_RPC_ERROR = 1, /* the payload is an error: rpc_error.h */
    SPM_RPC_CONTINUE = 2,
};

typedef struct {
    guint32 length;
    guint32 program;
    guint32 version;
    guint32 procedure;
    guint32 type;
    guint32 serial;
    guint32 status;
} SpmRpcHeader;

void spm_rpc_header_decode(const guint8 bytes[SPM_RPC_HEADER_SIZE], SpmRpcHeader *header);
void spm_rpc_header_encode(const SpmRpcHeader *header, guint8 bytes[SPM_RPC_HEADER_SIZE]);

gboolean spm_rpc_header_has_fds(const SpmRpcHeader *header);
gboolean spm_rpc_header_is_call(const SpmRpcHeader *header);
gboolean spm_rpc_header_is_reply(const SpmRpcHeader *header);

/* A whole message with the descriptors that came behind it. Owns both. */
typedef struct {
    SpmRpcHeader header;
    GByteArray *bytes; /* length word, header and payload */
    guint n_fds;
    int fds[SPM_RPC_FDS_MAX];
} SpmRpcFrame;

/* A message with this payload; length is computed from it. NULL when that is
 * more than SPM_RPC_FRAME_MAX. The header's type must be one without fds. */
SpmRpcFrame *spm_rpc_frame_new(const SpmRpcHeader *header, const guint8 *payload, gsize size);

/* Closes the descriptors it still holds. */
void spm_rpc_frame_free(SpmRpcFrame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmRpcFrame, spm_rpc_frame_free)

/* What follows the header and, where there is one, the count of descriptors:
 * the arguments or the result. Valid as long as the frame is not changed. */
const guint8 *spm_rpc_frame_payload(const SpmRpcFrame *frame, gsize *size);

/* Replace @size bytes of the payload at @offset by @with, and keep everything
 * else, what follows the arguments included. FALSE, and no change, when the
 * message would grow beyond SPM_RPC_FRAME_MAX or the range is not in it. */
gboolean spm_rpc_frame_replace(SpmRpcFrame *frame, gsize offset, gsize size, const guint8 *with,
                               gsize with_size);

G_END_DECLS
