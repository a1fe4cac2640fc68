/*
 * pki.h: certificates for tests, made on the spot
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* A folder with certificates, keys and a revocation list, as PEM files. Everything
 * goes with it. */
typedef struct _Pki Pki;

typedef enum {
    PKI_SERVER = 1 << 0, /* made for servers, and says so critically */
    PKI_CLIENT = 1 << 1,
    PKI_CA = 1 << 2,
    PKI_EXPIRED = 1 << 3,
    PKI_NOT_YET = 1 << 4,
    PKI_SELF_SIGNED = 1 << 5, /* by nobody else */
    PKI_REVOKED = 1 << 6,
} PkiFlags;

/* With a CA, "ca.pem", and an empty "crl.pem". */
Pki *pki_new(void);
void pki_free(Pki *pki);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pki, pki_free)

/* NAME.pem and NAME.key, with the distinguished name "CN=NAME,O=virtspm test". */
void pki_add(Pki *pki, const char *name, PkiFlags flags);

/* Caller frees. */
char *pki_path(const Pki *pki, const char *file);
