/*
 * Which memory devices of a stock document are SPM cells (see qemu_raise.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_raise.h"
#include "qemu/qemu_record.h"
#include "qemu/qemu_xmlns.h"

static void
raised_device_free(SpmRaisedDevice *raised)
{
    spm_memory_device_free(raised->device);
    spm_nodeset_free(raised->nodes);
    g_free(raised);
}

/* Which lowering made this device; FALSE when none did. */
static gboolean
recognise(const xmlNode *domain, const SpmMemoryDevice *device, guint cell, SpmLowering *lowering)
{
    const xmlNode *override = spm_qemu_xmlns_find_override(domain, device->alias);

    gboolean on_device = g_str_equal(device->model, "nvdimm") && device->path;

    if (!override || (!on_device && !g_str_equal(device->model, "dimm")) || device->size == 0)
        return FALSE;
    *lowering = SPM_LOWERING_A;
    if (device->target == (int)cell && spm_qemu_xmlns_override_is_ours(override, *lowering, cell))
        return TRUE;
    *lowering = SPM_LOWERING_B;
    return device->target == 0 && spm_qemu_xmlns_override_is_ours(override, *lowering, cell);
}

static gboolean
has_cell(const GPtrArray *devices, guint cell)
{
    for (guint i = 0; i < devices->len; i++) {
        if (((SpmRaisedDevice *)devices->pdata[i])->cell == cell)
            return TRUE;
    }
    return FALSE;
}

GPtrArray *
spm_raise_find_devices(xmlNode *domain, gboolean *all)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)raised_device_free);
    xmlNode *devices = spm_xml_child(domain, "devices");

    *all = TRUE;
    for (xmlNode *node = spm_xml_child(devices, "memory"); node; node = spm_xml_next(node, "memory")) {
        g_autoptr(SpmMemoryDevice) device = spm_memory_device_parse(node, NULL);
        SpmRaisedDevice *raised;
        SpmLowering lowering;
        guint cell;

        if (!device) {
            *all = FALSE;
            continue;
        }
        if (!spm_qemu_alias_parse(device->alias, &cell))
            continue;
        /* Aliases are unique in libvirt, but not in any document. */
        if (has_cell(found, cell) || !recognise(domain, device, cell, &lowering)) {
            *all = FALSE;
            continue;
        }
        raised = g_new0(SpmRaisedDevice, 1);
        raised->cell = cell;
        raised->lowering = lowering;
        raised->device = g_steal_pointer(&device);
        g_ptr_array_add(found, raised);
    }
    return g_steal_pointer(&found);
}

static gboolean
says_auto(const xmlNode *entry, const char *name)
{
    g_autofree char *value = entry ? spm_xml_attr(entry, name) : NULL;

    return g_strcmp0(value, "auto") == 0;
}

void
spm_raise_read_placement(const GPtrArray *devices, const xmlNode *record)
{
    for (guint i = 0; i < devices->len; i++) {
        SpmRaisedDevice *raised = devices->pdata[i];
        const xmlNode *entry = spm_record_find_cell(record, raised->cell);
        g_autofree char *nodes = entry ? spm_xml_attr(entry, "nodeset") : NULL;

        raised->automatic = says_auto(entry, "placement");
        raised->page_automatic = says_auto(entry, "pages");
        if (raised->device->path)
            raised->nodes = nodes ? spm_nodeset_parse(nodes, NULL) : NULL;
        else
            raised->nodes = spm_nodeset_copy(raised->device->host_nodes);
    }
}
