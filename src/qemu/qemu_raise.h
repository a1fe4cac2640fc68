/*
 * qemu_raise.h: stock libvirt XML becomes the user's document again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_model.h"

G_BEGIN_DECLS

/* Rewrites @doc. FALSE when it holds no SPM cells of ours, or cannot be told
 * truthfully as SPM cells; @doc is then spoilt and the caller shows the text
 * it was parsed from. */
gboolean spm_raise_document(xmlDoc *doc);

/* The memory devices of a stock document that are SPM cells of ours: alias,
 * override and place all as lowering writes them. *all is FALSE when a device
 * has our alias and is something else (its override is gone, say). */
GPtrArray *spm_raise_find_devices(xmlNode *domain, gboolean *all);

typedef struct {
    guint cell;
    SpmLowering lowering;
    SpmMemoryDevice *device;
    gboolean automatic;      /* placement chose where it lies, not the user */
    gboolean page_automatic; /* placement chose its page size */
    SpmNodeset *nodes;       /* where it lies: the device's node mask, else that of the record; or NULL */
} SpmRaisedDevice;

/* Fill in what the record says of placement; @record may be NULL. */
void spm_raise_read_placement(const GPtrArray *devices, const xmlNode *record);

G_END_DECLS
