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

#include "host/placement.h"
#include "qemu/qemu_capabilities.h"
#include "util/spm_nodeset.h"
#include "util/spm_xml.h"

G_BEGIN_DECLS

typedef struct {
    const SpmQemuCaps *qemu;           /* required */
    gboolean memoryless_cells;         /* libvirt can build a cell without memory: lowering A */
    const SpmNodeset *nodes_with_cpus; /* host nodes that have a CPU; NULL when not known */
    const GPtrArray *backings;         /* of SpmBacking (host/placement.h); NULL: no placement, the
                                        * cells lie where the document says and libvirt puts them */
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

/* What placement has to know of a domain: its SPM cells, passed-through devices
 * and pinning. Reads a user's document and stock XML alike; from stock XML it
 * also has where automatic cells were put the last time. Errors as
 * spm_domain_lower(). */
SpmPlacementRequest *spm_domain_placement_request(const char *xml, gsize length, GError **error);

/* Where a user's document says that its SPM cells lie: what raising has noted of
 * placement (SpmBacking; free the array). *complete is FALSE when it says
 * nothing of a cell for which placement would have to choose. Errors as
 * spm_domain_lower(). */
GPtrArray *spm_domain_noted_backings(const char *xml, gsize length, gboolean *complete,
                                     GError **error);

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

/* ---- the same on a parsed document ----
 *
 * Parsing is most of the work, so whoever has several questions about a document
 * parses it once. */

/* A document whose root element is <domain>. What SPM has nothing to do with
 * stays text (spm_xml_outline.h). Errors: SPM_ERROR_XML, SPM_ERROR_XML_DETAIL. */
xmlDoc *spm_domain_parse(const char *xml, gsize length, GError **error);
/* The same, and any other document as a whole. Errors: SPM_ERROR_XML_DETAIL. */
xmlDoc *spm_domain_parse_any(const char *xml, gsize length, GError **error);
gboolean spm_domain_doc_asks(const xmlDoc *doc, GError **error);
SpmDomainTarget *spm_domain_doc_target(const xmlDoc *doc);
/* Would spm_domain_doc_lower() succeed? @doc, which asks, can still be lowered then. */
gboolean spm_domain_doc_check(xmlDoc *doc, const SpmLoweringContext *context, GError **error);
/* @doc, which asks, becomes stock XML. FALSE with @error: it says what it said. */
gboolean spm_domain_doc_lower(xmlDoc *doc, const SpmLoweringContext *context, GError **error);
/* Stock XML becomes the user's. FALSE: it stays stock XML, and @doc is spoilt. */
gboolean spm_domain_doc_raise(xmlDoc *doc);

/* Does this stock document hold sp-mem memory, ours or anyone's: memory whose
 * contents are lost where the emulator does not migrate it?
 * TRUE also when the document cannot be parsed: unsure means refuse. */
gboolean spm_domain_holds_sp_mem(const char *xml, gsize length);

/* The bytes of a stock document's memory that are in no SPM cell, and those that
 * are. FALSE when it cannot be read. */
gboolean spm_domain_memory(const char *xml, gsize length, guint64 *ordinary, guint64 *spm);

/* Was this stock document made for a libvirt that builds memory-less cells? */
gboolean spm_domain_is_lowering_a(const char *xml, gsize length);

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
