/*
 * qemu_argv.h: the memory and NUMA part of the QEMU command line, worked out here
 *
 * What libvirt would write for the lowered document, without asking libvirt.
 * For explanations and dry runs: the golden tests check that every argument is
 * one that the real libvirt writes too.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_domain.h"

G_BEGIN_DECLS

/* One option and its value a line. @xml is a user's document; one without SPM
 * cells gives the part for its ordinary cells. Errors as spm_domain_lower(). */
char *spm_qemu_memory_argv(const char *xml, gsize length, const SpmLoweringContext *context,
                           GError **error);

G_END_DECLS
