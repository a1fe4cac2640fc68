/*
 * rpc_procedures.h: the one table of the procedures that matter to virtspm
 *
 * What is not in it passes byte for byte, in both directions. The table says
 * how a procedure's arguments are laid out and what has to be done with them;
 * how that is done is the daemon's business.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

/* Procedures that virtspmd calls by itself. */
enum {
    SPM_RPC_CONNECT_OPEN = 1,
    SPM_RPC_DOMAIN_DEFINE_XML = 11,
    SPM_RPC_DOMAIN_GET_XML_DESC = 14,
    SPM_RPC_CONNECT_DOMAIN_XML_TO_NATIVE = 136,
    SPM_RPC_CONNECT_LIST_ALL_DOMAINS = 273,
    SPM_RPC_CONNECT_GET_DOMAIN_CAPABILITIES = 342,
    SPM_RPC_CONNECT_SET_IDENTITY = 419,
};

/* What to do with a call before libvirtd sees it. Whatever the action, domain
 * XML among the arguments (x, y, q in the signature) that asks for SPM is
 * refused unless the action is LOWER: libvirtd would drop the request silently. */
typedef enum {
    SPM_RPC_CALL_PASS,
    SPM_RPC_CALL_BEFORE_OPEN,  /* pass, even while the connection is not open */
    SPM_RPC_CALL_OPEN,         /* the peer's identity follows it */
    SPM_RPC_CALL_IDENTITY,     /* only root may claim to speak for somebody else */
    SPM_RPC_CALL_LOWER,        /* translate the domain XML (x) */
    SPM_RPC_CALL_START,        /* refuse when the emulator can no longer do it */
    SPM_RPC_CALL_SAVE,         /* refuse while the memory's contents would be lost */
    SPM_RPC_CALL_MIGRATE,      /* likewise */
    SPM_RPC_CALL_SNAPSHOT,     /* likewise, if the snapshot holds memory */
    SPM_RPC_CALL_ATTACH,       /* refuse a device on an SPM cell, or of a reserved name */
    SPM_RPC_CALL_DETACH,       /* refuse for the memory device of an SPM cell */
    SPM_RPC_CALL_UPDATE,       /* likewise */
    SPM_RPC_CALL_DETACH_ALIAS, /* likewise; the device is named, not described */
} SpmRpcCallAction;

/* What to do with a successful reply before the client sees it. */
typedef enum {
    SPM_RPC_REPLY_PASS,
    SPM_RPC_REPLY_OPEN,         /* hold it until the identity has been told */
    SPM_RPC_REPLY_RAISE,        /* translate the domain XML back */
    SPM_RPC_REPLY_CAPABILITIES, /* add what SPM is possible */
} SpmRpcReplyAction;

typedef struct {
    guint32 program;
    guint32 number;
    const char *name;
    const char *args; /* signature (rpc_args.h) of the arguments, as far as they matter */
    SpmRpcCallAction call;
    SpmRpcReplyAction reply;
} SpmRpcProcedure;

/* Which procedure a message belongs to, or NULL: nothing to be done. */
const SpmRpcProcedure *spm_rpc_procedure_find(const SpmRpcHeader *header);

/* Row @index of the table, or NULL behind its end. */
const SpmRpcProcedure *spm_rpc_procedure_at(guint index);

G_END_DECLS
