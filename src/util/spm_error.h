/*
 * spm_error.h: the one GError domain of virtspm
 *
 * The code of every error is the number libvirt itself uses for that kind of
 * error (virErrorNumber in <libvirt/virterror.h>), so that it can travel to a
 * libvirt client unchanged and be told apart there.
 *
 * A message names the thing, the place and the way out, and does not repeat
 * the heading ("XML error: ") that libvirt prints for the code: that is what
 * spm_error_heading() is for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SPM_ERROR spm_error_quark()
GQuark spm_error_quark(void);

typedef enum {
    SPM_ERROR_INTERNAL = 1,               /* VIR_ERR_INTERNAL_ERROR */
    SPM_ERROR_NO_SUPPORT = 3,             /* VIR_ERR_NO_SUPPORT */
    SPM_ERROR_INVALID_ARG = 8,            /* VIR_ERR_INVALID_ARG */
    SPM_ERROR_OPERATION_FAILED = 9,       /* VIR_ERR_OPERATION_FAILED */
    SPM_ERROR_XML = 27,                   /* VIR_ERR_XML_ERROR: well formed, but wrong */
    SPM_ERROR_OPERATION_DENIED = 29,      /* VIR_ERR_OPERATION_DENIED */
    SPM_ERROR_XML_DETAIL = 35,            /* VIR_ERR_XML_DETAIL: not well formed; "at line N: ..." */
    SPM_ERROR_SYSTEM = 38,                /* VIR_ERR_SYSTEM_ERROR */
    SPM_ERROR_RPC = 39,                   /* VIR_ERR_RPC */
    SPM_ERROR_AUTH_FAILED = 45,           /* VIR_ERR_AUTH_FAILED */
    SPM_ERROR_OPERATION_INVALID = 55,     /* VIR_ERR_OPERATION_INVALID */
    SPM_ERROR_CONFIG_UNSUPPORTED = 67,    /* VIR_ERR_CONFIG_UNSUPPORTED */
    SPM_ERROR_AUTH_CANCELLED = 79,        /* VIR_ERR_AUTH_CANCELLED */
    SPM_ERROR_OPERATION_UNSUPPORTED = 84, /* VIR_ERR_OPERATION_UNSUPPORTED */
    SPM_ERROR_RESOURCE_BUSY = 87,         /* VIR_ERR_RESOURCE_BUSY */
    SPM_ERROR_XML_INVALID_SCHEMA = 92,    /* VIR_ERR_XML_INVALID_SCHEMA */
    SPM_ERROR_AUTH_UNAVAILABLE = 94,      /* VIR_ERR_AUTH_UNAVAILABLE */
} SpmErrorCode;

/* An error about a place in a document carries its line; 0 when there is none. */
void spm_error_set_line(GError *error, int line);
int spm_error_line(const GError *error);

/* libvirt's printf format for @code, for example
 * "unsupported configuration: %1$s", or "%s" for a code without a heading:
 * byte for byte what libvirtd sends. Static; never NULL. */
const char *spm_error_heading(int code);

/* The full text a libvirt client prints for @error: heading plus message.
 * An error of another domain is presented as an internal error. */
char *spm_error_text(const GError *error);

/* The libvirt error number of @error: its own code in the SPM_ERROR domain,
 * SPM_ERROR_INTERNAL for any other domain. */
int spm_error_number(const GError *error);

G_END_DECLS
