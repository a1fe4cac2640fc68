/*
 * qemu_validate.h: can this domain's SPM cells be built here?
 *
 * Every refusal names the cell and the way out. What stock libvirt checks by
 * itself is left to stock libvirt.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_model.h"

G_BEGIN_DECLS

/* Errors: SPM_ERROR_XML for what can never be right, SPM_ERROR_CONFIG_UNSUPPORTED
 * for what cannot be built here. */
gboolean spm_validate(const SpmModel *model, const SpmLoweringContext *context, GError **error);

/* memmapType means something on <cpu><numa><cell> only; anywhere else outside
 * <metadata> libvirt would drop it without a word. FALSE with @error then. */
gboolean spm_validate_no_stray_attribute(xmlNode *domain, GError **error);

G_END_DECLS
