/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_placement_note.h"

#include "qemu/qemu_raise.h"
#include "qemu/qemu_record.h"
#include "util/spm_size.h"

static void
add_cell(xmlNode *note, const SpmRaisedDevice *raised)
{
    g_autofree char *nodes = raised->nodes ? spm_nodeset_format(raised->nodes) : NULL;
    xmlNode *cell = spm_record_add(note, "cell");

    spm_xml_set_number(cell, "id", raised->cell);
    if (nodes)
        spm_xml_set_attr(cell, "nodeset", nodes);
    if (raised->device->path) {
        spm_xml_set_attr(cell, "device", raised->device->path);
        spm_xml_set_number(cell, "alignsize", raised->device->align / SPM_KIB);
        spm_xml_set_attr(cell, "unit", "KiB");
    } else if (raised->device->page_size) {
        spm_xml_set_number(cell, "pagesize", raised->device->page_size / SPM_KIB);
        spm_xml_set_attr(cell, "unit", "KiB");
    }
}

/* How many threads were to fill the memory, if placement said so. */
static void
add_threads(xmlNode *note, const char *threads)
{
    if (threads && note->children)
        spm_xml_set_attr(note, "threads", threads);
}

void
spm_placement_note_add(xmlNode *domain, const GPtrArray *devices, const char *threads)
{
    xmlNode *note = xmlNewDocNode(domain->doc, NULL, BAD_CAST "placement", NULL);

    xmlSetNs(note, xmlNewNs(note, BAD_CAST SPM_PLACEMENT_NS, BAD_CAST "virtspm"));
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];

        if (raised->automatic || raised->page_automatic || raised->device->path)
            add_cell(note, raised);
    }
    add_threads(note, threads);
    spm_metadata_attach(domain, note);
}

/* ---- reading it ---- */

static const xmlNode *
find_note(const xmlNode *domain)
{
    return spm_xml_child_ns(spm_xml_child(domain, "metadata"), "placement", SPM_PLACEMENT_NS);
}

static guint64
kib_of(const xmlNode *entry, const char *name)
{
    guint64 kib;

    return spm_record_entry_number(entry, name, &kib) && kib <= G_MAXUINT64 / SPM_KIB ? kib * SPM_KIB
                                                                                      : 0;
}

/* What the entry says of its cell, or NULL when that is no place. */
static SpmBacking *
read_cell(const xmlNode *entry, const xmlNode *note)
{
    g_autoptr(SpmBacking) backing = g_new0(SpmBacking, 1);
    g_autofree char *nodes = spm_xml_attr(entry, "nodeset");
    guint64 id, threads;

    backing->path = spm_xml_attr(entry, "device");
    backing->nodes = nodes ? spm_nodeset_parse(nodes, NULL) : spm_nodeset_new();
    if (!spm_record_entry_number(entry, "id", &id) || id > G_MAXUINT || !backing->nodes)
        return NULL;
    backing->cell = (guint)id;
    if (spm_record_entry_number(note, "threads", &threads) && threads <= G_MAXUINT)
        backing->threads = (guint)threads;
    if (!backing->path) {
        backing->page_size = kib_of(entry, "pagesize");
        return spm_nodeset_is_empty(backing->nodes) ? NULL : g_steal_pointer(&backing);
    }
    backing->kind = SPM_BACKING_DEVDAX;
    backing->device = g_path_get_basename(backing->path);
    backing->align = kib_of(entry, "alignsize");
    return g_path_is_absolute(backing->path) && backing->align ? g_steal_pointer(&backing) : NULL;
}

static SpmBacking *
find_cell(const xmlNode *note, guint cell)
{
    for (const xmlNode *entry = spm_xml_child_ns(note, "cell", SPM_PLACEMENT_NS); entry;
         entry = spm_xml_next_ns(entry, "cell", SPM_PLACEMENT_NS)) {
        SpmBacking *backing = read_cell(entry, note);

        if (backing && backing->cell == cell)
            return backing;
        spm_backing_free(backing);
    }
    return NULL;
}

GPtrArray *
spm_placement_note_backings(const SpmModel *model, gboolean *complete)
{
    GPtrArray *backings = g_ptr_array_new_with_free_func((GDestroyNotify)spm_backing_free);
    const xmlNode *note = find_note(model->domain);

    *complete = TRUE;
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];
        gboolean automatic = !spm_numatune_find(model->tune, cell->id);
        SpmBacking *backing;

        if (!spm_numa_cell_is_spm(cell))
            continue;
        backing = find_cell(note, cell->id);
        if (backing) {
            backing->automatic = automatic;
            g_ptr_array_add(backings, backing);
        } else if (automatic) {
            *complete = FALSE;
        }
    }
    return backings;
}

void
spm_placement_note_remove(xmlNode *domain)
{
    xmlNode *note = (xmlNode *)find_note(domain);

    if (note)
        spm_metadata_remove(note);
}
