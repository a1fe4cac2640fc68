/*
 * memory_conf.h: how a guest's memory is backed, and its memory devices
 *
 *     <maxMemory slots='4' unit='GiB'>128</maxMemory>
 *     <memoryBacking>
 *       <hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages>
 *       <source type='memfd'/>
 *       <access mode='shared'/>
 *     </memoryBacking>
 *     <devices><memory model='dimm'> ... </memory></devices>
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_nodeset.h"
#include "util/spm_xml.h"

G_BEGIN_DECLS

/* <page> elements of a domain; libvirt has no limit, a mistake has. */
#define SPM_HUGEPAGES_MAX 1024

typedef struct {
    guint64 size;        /* bytes */
    SpmNodeset *cells;   /* guest cells; NULL: every cell that no other page names */
    xmlNode *node;       /* <page> */
} SpmHugepage;

typedef struct {
    xmlNode *node;       /* <hugepages>, or NULL: ordinary pages */
    GPtrArray *pages;    /* of SpmHugepage; none: the host's default huge page for all */
} SpmHugepages;

/* @backing is <memoryBacking> or NULL. */
SpmHugepages *spm_hugepages_parse(const xmlNode *backing, GError **error);
void spm_hugepages_free(SpmHugepages *pages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmHugepages, spm_hugepages_free)

#define SPM_PAGE_ORDINARY G_GUINT64_CONSTANT(0)     /* no huge pages */
#define SPM_PAGE_HOST_DEFAULT G_MAXUINT64           /* huge pages of the host's default size */

/* The page size of a cell in bytes, or one of the two constants above. */
guint64 spm_hugepages_of_cell(const SpmHugepages *pages, guint cell);
/* The same for a cell that no <page nodeset=> names. */
guint64 spm_hugepages_default(const SpmHugepages *pages);

/* <maxMemory>: bytes and slots; FALSE with @error when it is malformed.
 * Without the element both are 0. */
gboolean spm_max_memory_parse(const xmlNode *node, guint64 *bytes, guint64 *slots, GError **error);

typedef struct {
    xmlNode *node;       /* <memory> */
    char *model;         /* "dimm", "nvdimm", "virtio-mem", ...; never NULL */
    char *alias;         /* NULL when it has none */
    char *access;        /* "shared", "private" or NULL */
    char *discard;       /* "yes", "no" or NULL */
    char *path;          /* <source><path>, or NULL */
    guint64 align;       /* <source><alignsize> in bytes, 0 when absent */
    guint64 page_size;   /* <source><pagesize> in bytes, 0 when absent */
    SpmNodeset *host_nodes; /* <source><nodemask>, or NULL */
    guint64 size;        /* <target><size> in bytes, 0 when absent */
    int target;          /* <target><node>, -1 when absent */
} SpmMemoryDevice;

SpmMemoryDevice *spm_memory_device_parse(xmlNode *node, GError **error);
void spm_memory_device_free(SpmMemoryDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmMemoryDevice, spm_memory_device_free)

/* Every <memory> below <devices>, in document order. */
GPtrArray *spm_memory_devices_parse(const xmlNode *domain, GError **error);

G_END_DECLS
