/*
 * numa_conf.h: the guest's NUMA cells, and what memmapType makes of them
 *
 * Reads <cpu><numa><cell> of domain XML, with the one attribute that stock
 * libvirt does not know:
 *
 *     <cell id='1' cpus='4-7' memory='64' unit='GiB' memmapType='spm'/>
 *
 * Everything points into the document it was parsed from and is valid as long
 * as that is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_nodeset.h"
#include "util/spm_xml.h"

G_BEGIN_DECLS

/* What a cell's memory is in the guest's memory map (E820, UEFI). */
typedef enum {
    SPM_MEMMAP_NONE,     /* no attribute: ordinary memory */
    SPM_MEMMAP_NORMAL,   /* 'normal': ordinary memory, said aloud */
    SPM_MEMMAP_SPM,      /* 'spm': Specific-Purpose Memory, soft reserved (EFI_MEMORY_SP, UEFI 2.8) */
    SPM_MEMMAP_RESERVED, /* 'reserved': kept from the guest's system altogether */
} SpmMemmapType;

const char *spm_memmap_type_name(SpmMemmapType type);
/* FALSE for an unknown word. */
gboolean spm_memmap_type_parse(const char *name, SpmMemmapType *type);

typedef struct {
    guint id;              /* the id attribute, or the place among the cells when absent */
    SpmMemmapType memmap;
    SpmNodeset *cpus;      /* NULL: no cpus attribute; never an empty set */
    guint64 size;          /* bytes */
    xmlNode *node;         /* <cell> */
} SpmNumaCell;

typedef struct {
    xmlNode *node;         /* <numa>, or NULL: the domain has no cells */
    GPtrArray *cells;      /* of SpmNumaCell, in document order */
    gboolean spare_cpus;   /* a vCPU is in no cell's cpus: libvirt puts it into cell 0 */
} SpmNumaDef;

/* Cells in a domain: the kernel's x86 limit is 1,024 nodes, QEMU's is 128
 * (MAX_NODES, include/sysemu/numa.h); more is a mistake. */
#define SPM_NUMA_CELLS_MAX 1024

SpmNumaDef *spm_numa_def_parse(const xmlNode *domain, GError **error);
void spm_numa_def_free(SpmNumaDef *def);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmNumaDef, spm_numa_def_free)

SpmNumaCell *spm_numa_def_find(const SpmNumaDef *def, guint id);
/* How many cells say memmapType='spm' or 'reserved'. */
guint spm_numa_def_count_spm(const SpmNumaDef *def);
gboolean spm_numa_cell_is_spm(const SpmNumaCell *cell);
/* Will @cell have vCPUs, its own or those that no cell names? */
gboolean spm_numa_cell_has_cpus(const SpmNumaDef *def, const SpmNumaCell *cell);
/* The cells by id. The caller unrefs the array and owns nothing in it. */
GPtrArray *spm_numa_def_sorted(const SpmNumaDef *def);

/* The domain's memory in bytes as libvirt counts it on x86: a cell is rounded up
 * to 1 MiB, a memory device to 2 MiB, and an SPM cell becomes a memory device. */
guint64 spm_numa_def_total(const SpmNumaDef *def);
guint64 spm_memory_round(guint64 bytes);
guint64 spm_memory_device_round(guint64 bytes);

G_END_DECLS
