/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/memory_conf.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

static void
hugepage_free(SpmHugepage *page)
{
    spm_nodeset_free(page->cells);
    g_free(page);
}

void
spm_hugepages_free(SpmHugepages *pages)
{
    g_ptr_array_unref(pages->pages);
    g_free(pages);
}

static gboolean
parse_page(SpmHugepages *pages, xmlNode *node, GError **error)
{
    g_autofree char *size = spm_xml_attr(node, "size");
    g_autofree char *unit = spm_xml_attr(node, "unit");
    g_autofree char *cells = spm_xml_attr(node, "nodeset");
    g_autoptr(GError) why = NULL;
    SpmHugepage *page = g_new0(SpmHugepage, 1);

    page->node = node;
    g_ptr_array_add(pages->pages, page);
    if (!spm_size_parse(size ? size : "", unit, &page->size, &why)) {
        spm_xml_error(error, node, SPM_ERROR_XML, "<hugepages><page>: size: %s", why->message);
        return FALSE;
    }
    if (page->size == 0) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "<hugepages><page> has size 0; say a page size of the host, like size='2' unit='MiB'");
        return FALSE;
    }
    if (cells) {
        page->cells = spm_nodeset_parse(cells, &why);
        if (!page->cells) {
            spm_xml_error(error, node, SPM_ERROR_XML, "<hugepages><page>: nodeset: %s", why->message);
            return FALSE;
        }
    }
    return TRUE;
}

SpmHugepages *
spm_hugepages_parse(const xmlNode *backing, GError **error)
{
    g_autoptr(SpmHugepages) pages = g_new0(SpmHugepages, 1);

    pages->pages = g_ptr_array_new_with_free_func((GDestroyNotify)hugepage_free);
    pages->node = spm_xml_child(backing, "hugepages");
    for (xmlNode *node = spm_xml_child(pages->node, "page"); node; node = spm_xml_next(node, "page")) {
        if (pages->pages->len >= SPM_HUGEPAGES_MAX) {
            spm_xml_error(error, node, SPM_ERROR_XML, "more than %d <page> elements",
                          SPM_HUGEPAGES_MAX);
            return NULL;
        }
        if (!parse_page(pages, node, error))
            return NULL;
    }
    return g_steal_pointer(&pages);
}

guint64
spm_hugepages_default(const SpmHugepages *pages)
{
    if (!pages->node)
        return SPM_PAGE_ORDINARY;
    if (pages->pages->len == 0)
        return SPM_PAGE_HOST_DEFAULT;
    for (guint i = 0; i < pages->pages->len; i++) {
        const SpmHugepage *page = pages->pages->pdata[i];

        if (!page->cells)
            return page->size;
    }
    return SPM_PAGE_ORDINARY;
}

guint64
spm_hugepages_of_cell(const SpmHugepages *pages, guint cell)
{
    for (guint i = 0; i < pages->pages->len; i++) {
        const SpmHugepage *page = pages->pages->pdata[i];

        if (page->cells && spm_nodeset_has(page->cells, cell))
            return page->size;
    }
    return spm_hugepages_default(pages);
}

/* An element with a size as text and a unit attribute. */
static gboolean
parse_scaled(const xmlNode *node, const char *what, guint64 *bytes, GError **error)
{
    g_autofree char *text = spm_xml_text(node);
    g_autofree char *unit = node ? spm_xml_attr(node, "unit") : NULL;
    g_autoptr(GError) why = NULL;

    *bytes = 0;
    if (!node || spm_size_parse(text, unit, bytes, &why))
        return TRUE;
    spm_xml_error(error, node, SPM_ERROR_XML, "%s: %s", what, why->message);
    return FALSE;
}

gboolean
spm_max_memory_parse(const xmlNode *node, guint64 *bytes, guint64 *slots, GError **error)
{
    g_autofree char *text = node ? spm_xml_attr(node, "slots") : NULL;

    *slots = 0;
    if (!parse_scaled(node, "<maxMemory>", bytes, error))
        return FALSE;
    if (node && (!text || !spm_parse_uint64(text, slots) || *slots == 0 || *slots > G_MAXUINT16)) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "<maxMemory>: slots '%s' is not a number of memory slots; use at least 1",
                      text ? text : "");
        return FALSE;
    }
    return TRUE;
}

void
spm_memory_device_free(SpmMemoryDevice *device)
{
    g_free(device->model);
    g_free(device->alias);
    g_free(device->access);
    g_free(device->discard);
    g_free(device->path);
    spm_nodeset_free(device->host_nodes);
    g_free(device);
}

static gboolean
parse_source(SpmMemoryDevice *device, const xmlNode *source, GError **error)
{
    const xmlNode *mask = spm_xml_child(source, "nodemask");
    g_autofree char *text = spm_xml_text(mask);
    g_autoptr(GError) why = NULL;

    device->path = spm_xml_text(spm_xml_child(source, "path"));
    if (!parse_scaled(spm_xml_child(source, "pagesize"), "memory device: <pagesize>",
                      &device->page_size, error) ||
        !parse_scaled(spm_xml_child(source, "alignsize"), "memory device: <alignsize>",
                      &device->align, error))
        return FALSE;
    if (!mask)
        return TRUE;
    device->host_nodes = spm_nodeset_parse(text, &why);
    if (device->host_nodes && !spm_nodeset_is_empty(device->host_nodes))
        return TRUE;
    spm_xml_error(error, mask, SPM_ERROR_XML, "memory device: <nodemask>: %s",
                  why ? why->message : "it names no host node");
    return FALSE;
}

static gboolean
parse_target(SpmMemoryDevice *device, const xmlNode *target, GError **error)
{
    const xmlNode *node = spm_xml_child(target, "node");
    g_autofree char *text = spm_xml_text(node);
    guint64 id;

    device->target = -1;
    if (!parse_scaled(spm_xml_child(target, "size"), "memory device: <size>", &device->size, error))
        return FALSE;
    if (!node)
        return TRUE;
    if (!spm_parse_uint64(text, &id) || id >= SPM_NODESET_MAX) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "memory device: <node>: '%s' is not the id of a NUMA cell", text);
        return FALSE;
    }
    device->target = (int)id;
    return TRUE;
}

SpmMemoryDevice *
spm_memory_device_parse(xmlNode *node, GError **error)
{
    g_autoptr(SpmMemoryDevice) device = g_new0(SpmMemoryDevice, 1);
    const xmlNode *alias = spm_xml_child(node, "alias");

    device->node = node;
    device->model = spm_xml_attr(node, "model");
    if (!device->model)
        device->model = g_strdup("");
    device->access = spm_xml_attr(node, "access");
    device->discard = spm_xml_attr(node, "discard");
    device->alias = alias ? spm_xml_attr(alias, "name") : NULL;
    if (!parse_source(device, spm_xml_child(node, "source"), error) ||
        !parse_target(device, spm_xml_child(node, "target"), error))
        return NULL;
    return g_steal_pointer(&device);
}

GPtrArray *
spm_memory_devices_parse(const xmlNode *domain, GError **error)
{
    g_autoptr(GPtrArray) devices =
        g_ptr_array_new_with_free_func((GDestroyNotify)spm_memory_device_free);
    const xmlNode *parent = spm_xml_child(domain, "devices");

    for (xmlNode *node = spm_xml_child(parent, "memory"); node; node = spm_xml_next(node, "memory")) {
        SpmMemoryDevice *device = spm_memory_device_parse(node, error);

        if (!device)
            return NULL;
        g_ptr_array_add(devices, device);
    }
    return g_steal_pointer(&devices);
}
