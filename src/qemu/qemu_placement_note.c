/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_placement_note.h"

#include "qemu/qemu_raise.h"
#include "qemu/qemu_record.h"
#include "util/spm_size.h"

static void
add_cell(xmlNode *note, const SpmRaisedDevice *raised)
{
    g_autofree char *id = g_strdup_printf("%u", raised->cell);
    g_autofree char *nodes = raised->nodes ? spm_nodeset_format(raised->nodes) : NULL;
    xmlNode *cell = spm_record_add(note, "cell");

    spm_xml_set_attr(cell, "id", id);
    if (nodes)
        spm_xml_set_attr(cell, "nodeset", nodes);
    if (raised->device->path) {
        spm_xml_set_attr(cell, "device", raised->device->path);
    } else if (raised->device->page_size) {
        g_autofree char *kib =
            g_strdup_printf("%" G_GUINT64_FORMAT, raised->device->page_size / SPM_KIB);

        spm_xml_set_attr(cell, "pagesize", kib);
        spm_xml_set_attr(cell, "unit", "KiB");
    }
}

void
spm_placement_note_add(xmlNode *domain, const GPtrArray *devices)
{
    xmlNode *note = xmlNewDocNode(domain->doc, NULL, BAD_CAST "placement", NULL);

    xmlSetNs(note, xmlNewNs(note, BAD_CAST SPM_PLACEMENT_NS, BAD_CAST "virtspm"));
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];

        if (raised->automatic || raised->page_automatic)
            add_cell(note, raised);
    }
    spm_metadata_attach(domain, note);
}

void
spm_placement_note_remove(xmlNode *domain)
{
    xmlNode *metadata = spm_xml_child(domain, "metadata");
    xmlNode *note = spm_xml_child_ns(metadata, "placement", SPM_PLACEMENT_NS);

    if (!note)
        return;
    spm_xml_remove(note);
    if (spm_xml_is_blank(metadata))
        spm_xml_remove(metadata);
}
