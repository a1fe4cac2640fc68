/*
 * placement.h: which memory of the host stands behind each SPM cell of a domain
 *
 * A pure function of a classified host (host_classify.h), the domain's wishes,
 * what is already promised to others, and the administrator's policy. It reads
 * nothing, keeps nothing, and gives the same answer to the same question.
 * docs/placement.rst has the rules.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"
#include "host/host_config.h"

G_BEGIN_DECLS

typedef struct {
    guint id;
    guint64 size;       /* bytes */
    SpmNodeset *nodes;  /* the nodes the user named, or NULL: automatic */
    guint64 page_size;  /* bytes, the user's; 0: choose */
    /* Where an automatic cell was put the last time, or NULL: it stays there
     * as long as it fits. */
    SpmNodeset *recorded_nodes;
    char *recorded_device; /* "dax0.0" */
    guint64 recorded_page; /* bytes: the page size it had there; for the caller, placement does not look */
} SpmPlacementCell;

typedef struct {
    GPtrArray *cells;   /* SpmPlacementCell */
    GPtrArray *devices; /* char *: PCI addresses of passed-through devices, "0000:41:00.0" */
    SpmNodeset *cpus;   /* host CPUs the vCPUs are pinned to; empty: not pinned */
} SpmPlacementRequest;

SpmPlacementRequest *spm_placement_request_new(void);
void spm_placement_request_free(SpmPlacementRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPlacementRequest, spm_placement_request_free)

/* A new cell in @request, which owns it. */
SpmPlacementCell *spm_placement_request_add(SpmPlacementRequest *request, guint id, guint64 size);

/* Memory that is spoken for but that the host still shows as free: another
 * domain between its placement and its start. */
typedef struct {
    SpmNodeset *nodes;
    guint64 page_size; /* 0: ordinary pages */
    guint64 bytes;
    char *device;      /* "dax0.0": that device and no pages; then the rest does not count */
    char *owner;       /* in words, for messages: "domain 'web'", "process 417 (qemu)"; may be NULL */
} SpmPromise;

SpmPromise *spm_promise_new(const SpmNodeset *nodes, guint64 page_size, guint64 bytes, const char *device,
                            const char *owner);
void spm_promise_free(SpmPromise *promise);

typedef enum {
    SPM_BACKING_SYSTEM_RAM, /* memfd, in hugepages unless .page_size is 0, bound to .nodes */
    SPM_BACKING_DEVDAX,     /* the device .path, from its start */
} SpmBackingKind;

typedef struct {
    guint cell;
    SpmBackingKind kind;
    gboolean automatic;
    SpmNodeset *nodes;  /* where the memory is; for a device its target node, empty when unknown */
    guint64 page_size;  /* 0: ordinary pages, or a device */
    char *device;       /* "dax0.0" */
    char *path;         /* "/dev/dax0.0" */
    guint64 align;      /* of the device */
    guint threads;      /* for preallocation: the CPUs near the nodes, at most one a page; 0 for a device */
    char *why;          /* one sentence */
} SpmBacking;

void spm_backing_free(SpmBacking *backing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmBacking, spm_backing_free)

/* A backing for every cell, in the order of @request (SpmBacking; free the
 * array), or NULL: then nothing is placed. @promises (SpmPromise) and @policy
 * may be NULL. The message names the cell, the node, what is needed and free,
 * and the command that makes room. Errors: SPM_ERROR_CONFIG_UNSUPPORTED when
 * the host can never do it as it is, SPM_ERROR_OPERATION_FAILED when room is
 * missing now. */
GPtrArray *spm_placement_find(const SpmHost *host, const SpmPlacementRequest *request, const GPtrArray *promises,
                              const SpmHostConfig *policy, GError **error);

/* What the backing of a cell takes, as a promise to others. Caller frees. */
SpmPromise *spm_backing_promise(const SpmBacking *backing, guint64 size, const char *owner);

G_END_DECLS
