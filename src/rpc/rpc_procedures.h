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

/* Procedures that virtspmd calls by itself, or answers itself. */
enum {
    SPM_RPC_CONNECT_OPEN = 1,
    SPM_RPC_DOMAIN_DEFINE_XML = 11,
    SPM_RPC_DOMAIN_GET_XML_DESC = 14,
    SPM_RPC_AUTH_LIST = 66,
    SPM_RPC_AUTH_SASL_INIT = 67,
    SPM_RPC_AUTH_SASL_START = 68,
    SPM_RPC_AUTH_SASL_STEP = 69,
    SPM_RPC_AUTH_POLKIT = 70,
    SPM_RPC_CONNECT_DOMAIN_XML_TO_NATIVE = 136,
    SPM_RPC_DOMAIN_HAS_MANAGED_SAVE_IMAGE = 183,
    SPM_RPC_DOMAIN_SNAPSHOT_GET_XML_DESC = 186,
    SPM_RPC_DOMAIN_SAVE_IMAGE_GET_XML_DESC = 235,
    SPM_RPC_CONNECT_LIST_ALL_DOMAINS = 273,
    SPM_RPC_CONNECT_GET_DOMAIN_CAPABILITIES = 342,
    SPM_RPC_DOMAIN_MANAGED_SAVE_GET_XML_DESC = 388,
    SPM_RPC_CONNECT_SET_IDENTITY = 419,
};

/* What to find out before a call goes on. */
typedef enum {
    SPM_RPC_CHECK_NONE,
    SPM_RPC_CHECK_BEFORE_OPEN,  /* nothing, even while the connection is not open */
    SPM_RPC_CHECK_OPEN,         /* nothing; the peer's identity follows the call */
    SPM_RPC_CHECK_IDENTITY,     /* only root may claim to speak for somebody else */
    SPM_RPC_CHECK_START,        /* refuse when the emulator can no longer do it */
    SPM_RPC_CHECK_SAVE,         /* refuse while the memory's contents would be lost */
    SPM_RPC_CHECK_MIGRATE,      /* likewise, unless the domain's definition moves alone */
    SPM_RPC_CHECK_SNAPSHOT,     /* likewise, if the snapshot holds memory */
    SPM_RPC_CHECK_RESTORE,      /* refuse while the contents would not come back */
    SPM_RPC_CHECK_REVERT,       /* likewise, if the snapshot holds memory */
    SPM_RPC_CHECK_BALLOON,      /* refuse a size that counts the SPM cells where the balloon does not */
    SPM_RPC_CHECK_ATTACH,       /* refuse a device on an SPM cell, or of a reserved name */
    SPM_RPC_CHECK_DETACH,       /* refuse for the memory device of an SPM cell */
    SPM_RPC_CHECK_UPDATE,       /* likewise */
    SPM_RPC_CHECK_DETACH_ALIAS, /* likewise; the device is named, not described */
} SpmRpcCheck;

/* What the domain XML among the arguments describes (x, y, q, c in the signature).
 * Whatever it is, a document that asks for SPM is translated: libvirtd would
 * drop the request without a word. */
typedef enum {
    SPM_RPC_XML_NONE,    /* there is none */
    SPM_RPC_XML_DEFINES, /* a domain to be: placement decides where its memory goes */
    SPM_RPC_XML_STARTS,  /* the same, and the call starts it */
    SPM_RPC_XML_KEEPS,   /* what there is already, as the client was shown it: an image, a
                          * snapshot, a domain that is leaving; its memory stays in its place */
} SpmRpcXmlUse;

/* What to do with a successful reply before the client sees it. */
typedef enum {
    SPM_RPC_REPLY_PASS,
    SPM_RPC_REPLY_OPEN,         /* hold it until the identity has been told */
    SPM_RPC_REPLY_BEGIN,        /* of an offline migration: tell the other host's hook */
    SPM_RPC_REPLY_RAISE,        /* translate the domain XML back */
    SPM_RPC_REPLY_CAPABILITIES, /* add what SPM is possible for a kind of domain */
    SPM_RPC_REPLY_HOST,         /* add what SPM this host has */
} SpmRpcReplyAction;

typedef struct {
    guint32 program;
    guint32 number;
    const char *name;
    const char *args; /* signature (rpc_args.h) of the arguments, as far as they matter */
    SpmRpcCheck check;
    SpmRpcXmlUse xml;
    SpmRpcReplyAction reply;
} SpmRpcProcedure;

/* Which procedure a message belongs to, or NULL: nothing to be done. */
const SpmRpcProcedure *spm_rpc_procedure_find(const SpmRpcHeader *header);

/* The row behind @row, by number; the first one for NULL; NULL behind the last. */
const SpmRpcProcedure *spm_rpc_procedure_next(const SpmRpcProcedure *row);

G_END_DECLS
