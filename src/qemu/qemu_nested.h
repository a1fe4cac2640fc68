/*
 * qemu_nested.h: the domains in a document
 *
 * A document is a domain, or it is about one and has it inside: a snapshot
 * (<domain> and <inactiveDomain>), a checkpoint, the cookie of a migration. Each
 * is taken out as a document of its own, and put back when it has been
 * translated. What is around it stays as it was, formatting included.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_xml.h"

G_BEGIN_DECLS

typedef struct _SpmNested SpmNested;

/* A document that is neither has no domains: no libvirt takes it for one.
 * Errors: SPM_ERROR_XML, SPM_ERROR_XML_DETAIL. */
SpmNested *spm_nested_parse(const char *xml, gsize length, GError **error);
void spm_nested_free(SpmNested *nested);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmNested, spm_nested_free)

guint spm_nested_count(const SpmNested *nested);
/* A domain's text, with <domain> as its root element. That of a document that is
 * a domain is the document's own, byte for byte. */
const char *spm_nested_text(const SpmNested *nested, guint index, gsize *length);
/* The same, parsed, to be looked at and edited: the text stays what it was. NULL and
 * @error when it cannot be. Belongs to @nested. */
xmlDoc *spm_nested_doc(SpmNested *nested, guint index, GError **error);
/* Put @xml, such a text, in its place. FALSE when it is not XML. */
gboolean spm_nested_put(SpmNested *nested, guint index, const char *xml, GError **error);
/* The whole document; byte for byte the first one when nothing was put. Caller frees. */
char *spm_nested_format(const SpmNested *nested);

/* Raise every domain in the document (qemu_domain.h). Caller frees. */
char *spm_nested_raise(const char *xml, gsize length, GError **error);

G_END_DECLS
