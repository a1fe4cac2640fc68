/*
 * qemu_xmlns.h: libvirt's QEMU namespace in domain XML
 *
 *     <qemu:override>       properties of a device's command line (libvirt >= 8.2.0)
 *     <qemu:capabilities>   emulator features that libvirt shall not use (>= 5.5.0)
 *     <qemu:commandline>    further arguments
 *
 * Each function makes the containers it needs and writes into the record which
 * of them the user did not have, so that taking ours out leaves the user's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_command.h"

G_BEGIN_DECLS

#define SPM_QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

void spm_qemu_xmlns_add_override(xmlNode *domain, xmlNode *record, SpmLowering lowering, guint cell);
void spm_qemu_xmlns_add_arguments(xmlNode *domain, xmlNode *record, const GPtrArray *arguments);
/* Does nothing where the user deleted the capability already. */
void spm_qemu_xmlns_delete_capability(xmlNode *domain, xmlNode *record, const char *capability);

/* The <qemu:device> override of this alias, or NULL. */
xmlNode *spm_qemu_xmlns_find_override(const xmlNode *domain, const char *alias);
/* The value of an overridden frontend property, or NULL. Caller frees. */
char *spm_qemu_xmlns_override_value(const xmlNode *device, const char *property);
/* Is this override, property for property, the one we write? */
gboolean spm_qemu_xmlns_override_is_ours(const xmlNode *device, SpmLowering lowering, guint cell);

/* Remove every override of our aliases: those whose device somebody removed. */
void spm_qemu_xmlns_remove_orphans(xmlNode *domain);

/* Take out the arguments, which have to stand together and in this order.
 * FALSE, with nothing changed, when they do not. */
gboolean spm_qemu_xmlns_remove_arguments(xmlNode *domain, const GPtrArray *arguments);
/* Undo spm_qemu_xmlns_delete_capability(), when the record says it was us. */
void spm_qemu_xmlns_restore_capability(xmlNode *domain, const xmlNode *record, const char *capability);
/* Remove what was added and is empty now. @record may be NULL. */
void spm_qemu_xmlns_clean(xmlNode *domain, const xmlNode *record);

G_END_DECLS
