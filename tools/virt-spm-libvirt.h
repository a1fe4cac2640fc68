/*
 * virt-spm-libvirt.h: libvirt's client library, with GErrors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>

G_BEGIN_DECLS

#define SPM_LIBVIRT_DEFAULT_URI "qemu:///system"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, virConnectClose)

/* @uri NULL: SPM_LIBVIRT_DEFAULT_URI. Errors: SPM_ERROR_OPERATION_FAILED. */
virConnect *spm_libvirt_open(const char *uri, gboolean read_only, GError **error);

/* The QEMU command line of stock XML, which libvirt refuses to tell on a
 * read-only connection. Caller frees. */
char *spm_libvirt_to_native(virConnect *connection, const char *xml, GError **error);

/* The stock XML of every domain, in order of their names. */
GPtrArray *spm_libvirt_domains(virConnect *connection, GError **error);

G_END_DECLS
