/*
 * What placement has to know of a domain (see qemu_domain.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_domain.h"
#include "qemu/qemu_model.h"
#include "qemu/qemu_placement_note.h"
#include "qemu/qemu_raise.h"
#include "qemu/qemu_record.h"
#include "util/spm_memory.h"

/* An attribute of <address>, in hexadecimal as libvirt writes it or in decimal. */
static guint64
address_part(const xmlNode *address, const char *name)
{
    g_autofree char *text = spm_xml_attr(address, name);

    return text ? g_ascii_strtoull(text, NULL, 0) : 0;
}

/* <hostdev mode='subsystem' type='pci'><source><address domain= bus= slot= function=/> */
static void
read_pci(SpmPlacementRequest *request, const xmlNode *domain)
{
    const xmlNode *devices = spm_xml_child(domain, "devices");

    for (const xmlNode *node = spm_xml_child(devices, "hostdev"); node;
         node = spm_xml_next(node, "hostdev")) {
        g_autofree char *type = spm_xml_attr(node, "type");
        const xmlNode *address = spm_xml_child(spm_xml_child(node, "source"), "address");

        if (g_strcmp0(type, "pci") == 0 && address)
            g_ptr_array_add(request->devices,
                            spm_strdup_printf("%04x:%02x:%02x.%x",
                                              (guint)(address_part(address, "domain") & 0xffff),
                                              (guint)(address_part(address, "bus") & 0xff),
                                              (guint)(address_part(address, "slot") & 0x1f),
                                              (guint)(address_part(address, "function") & 0x7)));
    }
}

static void
add_cpus(SpmPlacementRequest *request, const xmlNode *node)
{
    g_autofree char *text = node ? spm_xml_attr(node, "cpuset") : NULL;
    g_autoptr(SpmNodeset) cpus = text ? spm_nodeset_parse(text, NULL) : NULL;

    if (cpus)
        spm_nodeset_union(request->cpus, cpus);
}

/* <vcpupin> says more than <vcpu cpuset=>. */
static void
read_pinning(SpmPlacementRequest *request, const xmlNode *domain)
{
    const xmlNode *cputune = spm_xml_child(domain, "cputune");

    for (const xmlNode *pin = spm_xml_child(cputune, "vcpupin"); pin; pin = spm_xml_next(pin, "vcpupin"))
        add_cpus(request, pin);
    if (spm_nodeset_is_empty(request->cpus))
        add_cpus(request, spm_xml_child(domain, "vcpu"));
}

static void
read_user_cells(SpmPlacementRequest *request, const SpmModel *model)
{
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];
        const SpmMemnode *memnode = spm_numatune_find(model->tune, cell->id);
        SpmPlacementCell *wanted;

        if (!spm_numa_cell_is_spm(cell))
            continue;
        wanted = spm_placement_request_add(request, cell->id, cell->size);
        wanted->nodes = memnode ? spm_nodeset_copy(memnode->nodes) : NULL;
        if (spm_model_names_page(model->pages, cell->id))
            wanted->page_size = spm_hugepages_of_cell(model->pages, cell->id);
    }
}

static void
read_stock_cells(SpmPlacementRequest *request, const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        SpmPlacementCell *wanted =
            spm_placement_request_add(request, raised->cell, raised->device->size);
        SpmNodeset *nodes = raised->nodes ? spm_nodeset_copy(raised->nodes) : NULL;

        if (raised->automatic)
            wanted->recorded_nodes = nodes;
        else
            wanted->nodes = nodes;
        if (raised->device->path) {
            wanted->recorded_device = g_path_get_basename(raised->device->path);
            continue;
        }
        wanted->recorded_page = raised->device->page_size;
        if (!raised->page_automatic)
            wanted->page_size = raised->device->page_size;
    }
}

SpmPlacementRequest *
spm_domain_placement_request(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    g_autoptr(SpmModel) model = doc ? spm_model_parse(doc, error) : NULL;
    g_autoptr(SpmPlacementRequest) request = NULL;
    g_autoptr(GPtrArray) devices = NULL;
    gboolean all;

    if (!model)
        return NULL;
    request = spm_placement_request_new();
    read_pci(request, model->domain);
    read_pinning(request, model->domain);
    devices = spm_raise_find_devices(model->domain, &all);
    spm_raise_read_placement(devices, spm_record_find(model->domain));
    if (devices->len > 0)
        read_stock_cells(request, devices);
    else
        read_user_cells(request, model);
    return g_steal_pointer(&request);
}

GPtrArray *
spm_domain_noted_backings(const char *xml, gsize length, gboolean *complete, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    g_autoptr(SpmModel) model = doc ? spm_model_parse(doc, error) : NULL;

    return model ? spm_placement_note_backings(model, complete) : NULL;
}
