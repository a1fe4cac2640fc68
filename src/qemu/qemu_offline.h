/*
 * qemu_offline.h: telling another host that a migration is offline
 *
 * libvirt's hook at the destination sees a domain's XML and the word "migrate",
 * and nothing tells it whether memory comes along (libvirt 12.8 gives it the same
 * bytes for a live and for an offline migration). So the source says it, in an
 * element of its own in <metadata> of the XML that goes to the destination:
 *
 *     <virtspm:migration xmlns:virtspm='urn:virtspm:migration:1' offline='1795575900'/>
 *
 * The hook takes it out again. Where there is no hook it stays in the definition, and
 * must not speak for a later migration, which may be live. So it says when it was
 * made, in seconds since 1970, and counts for SPM_OFFLINE_SECONDS: long enough for
 * one call, and for two hosts whose clocks differ. When in doubt the hook refuses.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_xml.h"

G_BEGIN_DECLS

#define SPM_MIGRATION_NS "urn:virtspm:migration:1"

/* Before and after the moment that the mark names. */
#define SPM_OFFLINE_SECONDS 300

/* The stock document with the mark of @now (seconds since 1970); one that cannot hold SPM cells comes back
 * byte for byte. NULL and @error when it cannot be parsed. Caller frees. */
char *spm_domain_mark_offline(const char *xml, gsize length, gint64 now, GError **error);

/* Take the mark out of a document. Was there one? */
gboolean spm_offline_mark_remove(xmlNode *domain);

/* May a host receive this stock document together with its guest's memory, from
 * a migration or an image? The document without the mark, or NULL and @error,
 * SPM_ERROR_OPERATION_UNSUPPORTED with the reason. @migratable: the emulator
 * migrates sp-mem; @why_not says more when it does not. @now: seconds since 1970.
 * Caller frees. */
char *spm_domain_receive(const char *xml, gsize length, gboolean migratable, const char *why_not,
                         gint64 now, GError **error);

G_END_DECLS
