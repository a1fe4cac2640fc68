/*
 * spm_schema.h: validation against the RELAX NG grammar of domain XML
 *
 * The grammar of virtspm (schemas/domain.rng) includes the one of the
 * installed libvirt and adds the SPM cell, so it follows whatever libvirt is
 * installed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where `meson install` puts the grammar. */
extern const char *const spm_schema_default_path;

/* FALSE with @error: SPM_ERROR_XML_INVALID_SCHEMA with what libxml2 says and
 * the line; SPM_ERROR_XML_DETAIL when @xml is not XML; SPM_ERROR_INTERNAL when
 * the grammar cannot be read. NULL @path: the installed one. The compiled
 * grammar is kept as long as the process lives, per path. */
gboolean spm_schema_validate(const char *xml, gsize length, const char *path, GError **error);

G_END_DECLS
