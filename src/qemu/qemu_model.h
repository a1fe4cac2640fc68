/*
 * qemu_model.h: the parts of a domain that an SPM cell has to do with
 *
 * One reading of the document, shared by validation, lowering and the argv.
 * Everything points into the document.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conf/memory_conf.h"
#include "conf/numatune_conf.h"
#include "qemu/qemu_command.h"
#include "qemu/qemu_domain.h"

G_BEGIN_DECLS

typedef struct {
    xmlDoc *doc;
    xmlNode *domain;
    xmlNode *backing;           /* <memoryBacking>, or NULL */
    xmlNode *max_memory;        /* <maxMemory>, or NULL */
    guint64 max_bytes, max_slots;
    SpmNumaDef *numa;
    SpmNumaLinks *links;
    SpmNumatune *tune;
    SpmHugepages *pages;
    GPtrArray *devices;         /* of SpmMemoryDevice */
    SpmNodeset *spm_cells;      /* ids of the SPM cells */
    SpmNodeset *spm_host_nodes; /* what their memnodes name, and where placement puts the others */
    guint64 total;              /* bytes of all cells and memory devices, rounded as libvirt does */
} SpmModel;

/* The second one of two elements of which a domain has one, or NULL. libvirt
 * reads both or the first, depending on the element; nothing here does. */
const xmlNode *spm_model_find_double(const xmlNode *domain);

/* Owns nothing of @doc. Errors: SPM_ERROR_XML. */
SpmModel *spm_model_parse(xmlDoc *doc, GError **error);
void spm_model_free(SpmModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmModel, spm_model_free)

/* How this domain is lowered where libvirt can or cannot build memory-less cells. */
SpmLowering spm_model_lowering(const SpmLoweringContext *context);

/* Where placement puts @cell, or NULL when it was not asked. */
const SpmBacking *spm_model_backing(const SpmLoweringContext *context, guint cell);

/* Did the user name a page size for this cell? */
gboolean spm_model_names_page(const SpmHugepages *pages, guint cell);

/* The page size the memory device of @cell has to name so that libvirt backs
 * it as the user's <hugepages> say; 0: none, it follows by itself. */
guint64 spm_model_device_page(const SpmHugepages *pages, SpmLowering lowering, guint cell);

/* The access attribute the device gets when the cell has @mem_access (may be NULL). */
const char *spm_model_device_access(const xmlNode *backing, const char *mem_access);

G_END_DECLS
