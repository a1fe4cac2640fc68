/*
 * qemu_domain.h: lowering and raising of domain XML
 *
 *     user XML  --lower-->  stock libvirt XML  --libvirt-->  QEMU argv
 *     user XML  <--raise--  stock libvirt XML
 *
 * Pure functions: document in, document out, plus a description of what the
 * emulator, libvirt and the host can do. No sockets, no files, no clock.
 * raise(lower(x)) equals x; lower(raise(y)) equals y for every y that
 * lowering makes. Both as documents: attribute order and white space between
 * elements do not count.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_capabilities.h"
#include "util/spm_nodeset.h"

G_BEGIN_DECLS

/* What stands behind one SPM cell on the host, where placement (host/placement.h)
 * decided it. */
typedef struct {
    guint cell;
    gboolean automatic;      /* the user named no host node */
    gboolean page_automatic; /* nor a page size */
    SpmNodeset *host_nodes;  /* NULL for a device */
    guint64 page_size;       /* bytes; 0: ordinary pages */
    char *device;            /* "/dev/dax0.0"; NULL for system RAM */
    guint64 align;           /* of the device, bytes */
    guint threads;           /* to preallocate with; 0: not decided */
} SpmCellBacking;

void spm_cell_backing_free(SpmCellBacking *backing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmCellBacking, spm_cell_backing_free)

typedef struct {
    const SpmQemuCaps *qemu;           /* required */
    gboolean memoryless_cells;         /* libvirt can build a cell without memory: lowering A */
    const SpmNodeset *nodes_with_cpus; /* host nodes that have a CPU; NULL when not known */
    const GPtrArray *backings;         /* of SpmCellBacking; NULL: no placement, the cells lie
                                        * where the document says and libvirt puts them */
} SpmLoweringContext;

/* Could the document ask for an SPM cell? A byte search, so that what has
 * nothing to do with virtspm is never parsed: FALSE is certain, TRUE is not. */
gboolean spm_domain_may_ask(const char *xml, gsize length);

/* Could the document hold what lowering leaves in stock XML? Likewise. */
gboolean spm_domain_may_hold(const char *xml, gsize length);

/* What of a domain decides which emulator it runs on; absent parts are NULL. */
typedef struct {
    char *virt_type; /* "kvm", "qemu" */
    char *arch;      /* "x86_64" */
    char *machine;   /* "q35" */
    char *emulator;  /* <devices><emulator> */
    gboolean active; /* the document carries an id: it describes a running domain */
} SpmDomainTarget;

void spm_domain_target_free(SpmDomainTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmDomainTarget, spm_domain_target_free)

/* @xml is user or stock XML. Errors: SPM_ERROR_XML, SPM_ERROR_XML_DETAIL. */
SpmDomainTarget *spm_domain_target_parse(const char *xml, gsize length, GError **error);

/* Does this document really say memmapType on a cell (and so needs lowering)?
 * FALSE with @error set when it cannot be parsed. */
gboolean spm_domain_asks(const char *xml, gsize length, GError **error);

/* What placement has to know of one SPM cell, in a user's document or in stock XML. */
typedef struct {
    guint cell;
    guint64 size;           /* bytes */
    SpmNodeset *host_nodes; /* the user's <memnode>, or NULL */
    guint64 page_size;      /* the user's, in bytes; 0: none named */
    char *device;           /* of stock XML: the device it lies on, or NULL */
    /* Of stock XML: what placement chose when it was lowered. */
    gboolean automatic;
    gboolean page_automatic;
    SpmNodeset *placed_nodes; /* where it lies now, or NULL */
    guint64 placed_page;      /* bytes; 0: ordinary pages */
} SpmCellRequest;

void spm_cell_request_free(SpmCellRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmCellRequest, spm_cell_request_free)

typedef struct {
    GPtrArray *cells;      /* of SpmCellRequest */
    GPtrArray *pci;        /* of char *: "0000:41:00.0", host devices passed through */
    SpmNodeset *cpus;      /* host CPUs the vCPUs are pinned to; empty: not pinned */
    gboolean threads_said; /* the user chose how memory is allocated */
} SpmPlacementRequest;

void spm_placement_request_free(SpmPlacementRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPlacementRequest, spm_placement_request_free)

/* Reads either kind of document. Errors as spm_domain_lower(). */
SpmPlacementRequest *spm_domain_placement_request(const char *xml, gsize length, GError **error);

/* Translate a user's document. One that asks for nothing comes back byte for
 * byte. Errors name the cell and the way out: SPM_ERROR_XML for what is
 * malformed, SPM_ERROR_CONFIG_UNSUPPORTED for what cannot be built here.
 * Caller frees. */
char *spm_domain_lower(const char *xml, gsize length, const SpmLoweringContext *context,
                       GError **error);

/* Translate stock XML back. A document without SPM cells of ours, or one
 * edited so that it can no longer be told truthfully as SPM cells, comes back
 * byte for byte. NULL and @error only when it cannot be parsed. Caller frees. */
char *spm_domain_raise(const char *xml, gsize length, GError **error);

/* Does this stock document hold sp-mem memory, ours or anyone's: memory whose
 * contents are lost where the emulator does not migrate it?
 * TRUE also when the document cannot be parsed: unsure means refuse. */
gboolean spm_domain_holds_sp_mem(const char *xml, gsize length);

/* Does the device document (<memory .../>, as given to attach, detach or
 * update) name an SPM cell's memory device of the stock document @xml?
 * Matches by alias, and for a detach without alias the way libvirt matches:
 * by target node, size and source. On TRUE, *cell is its cell id. */
gboolean spm_domain_device_is_spm(const char *xml, gsize length, const char *device,
                                  gsize device_length, guint *cell);

/* The cell whose memory device has this alias ("ua-virtspm-cellN"). */
gboolean spm_domain_alias_is_spm(const char *alias, guint *cell);

/* Add to libvirt's <domainCapabilities> which memmapType values @qemu can
 * build (see docs/formatdomain.rst); other documents come back unchanged.
 * @qemu may be NULL: the emulator could not be asked, so none. Caller frees. */
char *spm_domain_capabilities_extend(const char *xml, gsize length, const SpmQemuCaps *qemu,
                                     GError **error);

G_END_DECLS
