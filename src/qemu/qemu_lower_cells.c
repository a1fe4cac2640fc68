/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_lower_cells.h"

#include "qemu/qemu_record.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"

static const char *const moved_attributes[] = { "memAccess", "discard" };

static xmlNode *
cell_entry(xmlNode *record, guint cell)
{
    xmlNode *entry = spm_record_add(record, "cell");

    spm_xml_set_number(entry, "id", cell);
    return entry;
}

static void
copy_attr(xmlNode *to, const xmlNode *from, const char *name)
{
    g_autofree char *value = spm_xml_attr(from, name);

    if (value)
        spm_xml_set_attr(to, name, value);
}

static void
lower_cell_a(const SpmNumaCell *cell, xmlNode *record)
{
    xmlNode *entry = cell_entry(record, cell->id);

    copy_attr(entry, cell->node, "memory");
    copy_attr(entry, cell->node, "unit");
    for (gsize i = 0; i < G_N_ELEMENTS(moved_attributes); i++) {
        copy_attr(entry, cell->node, moved_attributes[i]);
        spm_xml_del_attr(cell->node, moved_attributes[i]);
    }
    spm_xml_set_attr(cell->node, "memory", "0");
    spm_xml_del_attr(cell->node, "memmapType");
}

static void
lower_normal_cell(const SpmNumaCell *cell, xmlNode *record)
{
    copy_attr(cell_entry(record, cell->id), cell->node, "memmapType");
    spm_xml_del_attr(cell->node, "memmapType");
}

/* Takes @node out into an entry of its own, and then its parent when that is
 * left with comments at most: libvirt's grammar wants the parents filled. */
static void
move_out(xmlNode *record, const char *kind, xmlNode *node, guint cell)
{
    xmlNode *parent = node->parent;
    xmlNode *entry = spm_record_keep(record, kind, node);

    spm_xml_set_number(entry, "cell", cell);
    spm_record_take_out(entry, node);
    if (!spm_xml_child_ns(parent, NULL, NULL)) {
        entry = spm_record_keep(record, (const char *)parent->name, parent);
        spm_xml_set_number(entry, "cell", cell);
        spm_record_take_out(entry, parent);
    }
}

static void
lower_cells_b(SpmModel *model, xmlNode *record)
{
    for (guint i = 0; i < model->links->distances->len; i++) {
        const SpmNumaDistance *distance = model->links->distances->pdata[i];

        if (spm_nodeset_has(model->spm_cells, distance->to) &&
            !spm_nodeset_has(model->spm_cells, distance->from))
            move_out(record, "sibling", distance->node, distance->from);
    }
    for (guint i = 0; i < model->links->interconnects->len; i++) {
        const SpmNumaInterconnect *link = model->links->interconnects->pdata[i];

        if (spm_nodeset_has(model->spm_cells, link->target))
            move_out(record, "interconnect", link->node, link->target);
    }
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];
        xmlNode *entry;

        if (!spm_numa_cell_is_spm(cell))
            continue;
        entry = cell_entry(record, cell->id);
        spm_xml_insert(entry, NULL, xmlDocCopyNode(cell->node, model->doc, 1));
        spm_record_take_out(entry, cell->node);
    }
}

void
spm_lower_cells(SpmModel *model, xmlNode *record, SpmLowering lowering)
{
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];

        if (cell->memmap == SPM_MEMMAP_NORMAL)
            lower_normal_cell(cell, record);
        else if (spm_numa_cell_is_spm(cell) && lowering == SPM_LOWERING_A)
            lower_cell_a(cell, record);
    }
    if (lowering == SPM_LOWERING_B)
        lower_cells_b(model, record);
}

/* Is @size what the attributes memory and unit of @node say? */
static gboolean
says_size(const xmlNode *node, guint64 size)
{
    g_autofree char *memory = node ? spm_xml_attr(node, "memory") : NULL;
    g_autofree char *unit = node ? spm_xml_attr(node, "unit") : NULL;
    guint64 bytes;

    return memory && spm_size_parse(memory, unit, &bytes, NULL) && bytes == size;
}

static void
set_or_del(xmlNode *node, const char *name, const char *value)
{
    if (value)
        spm_xml_set_attr(node, name, value);
    else
        spm_xml_del_attr(node, name);
}

/* The size as the user wrote it while that is still the size; else in KiB, as libvirt does. */
static void
set_size(xmlNode *node, const xmlNode *written, guint64 size)
{
    g_autofree char *memory = NULL;
    g_autofree char *unit = NULL;

    if (says_size(written, size)) {
        memory = spm_xml_attr(written, "memory");
        unit = spm_xml_attr(written, "unit");
    } else {
        memory = spm_strdup_printf("%" G_GUINT64_FORMAT, size / SPM_KIB);
        unit = g_strdup("KiB");
    }
    spm_xml_set_attr(node, "memory", memory);
    set_or_del(node, "unit", unit);
}

static xmlNode *
numa_of(const xmlNode *domain)
{
    return spm_xml_child(spm_xml_child(domain, "cpu"), "numa");
}

static SpmNumaCell *
find_cell(const SpmNumaDef *numa, guint id)
{
    return numa ? spm_numa_def_find(numa, id) : NULL;
}

gboolean
spm_raise_cell(xmlNode *domain, const xmlNode *record, guint cell, guint64 size,
               const char *mem_access, const char *discard)
{
    g_autoptr(SpmNumaDef) numa = spm_numa_def_parse(domain, NULL);
    const SpmNumaCell *found = find_cell(numa, cell);

    if (!found || found->size != 0)
        return FALSE;
    set_size(found->node, spm_record_find_cell(record, cell), size);
    set_or_del(found->node, "memAccess", mem_access);
    set_or_del(found->node, "discard", discard);
    spm_xml_set_attr(found->node, "memmapType", spm_memmap_type_name(SPM_MEMMAP_SPM));
    return TRUE;
}

void
spm_raise_normal_cells(xmlNode *domain, const xmlNode *record)
{
    const char *normal = spm_memmap_type_name(SPM_MEMMAP_NORMAL);
    g_autoptr(SpmNumaDef) numa = NULL;

    for (const xmlNode *entry = spm_record_first(record, "cell"); entry;
         entry = spm_record_next(entry)) {
        const SpmNumaCell *cell;
        guint64 id;

        if (!spm_xml_attr_is(entry, "memmapType", normal) ||
            !spm_record_entry_number(entry, "id", &id) || id >= SPM_NUMA_CELLS_MAX)
            continue;
        if (!numa && !(numa = spm_numa_def_parse(domain, NULL)))
            return;
        cell = find_cell(numa, (guint)id);
        if (cell && cell->memmap == SPM_MEMMAP_NONE)
            spm_xml_set_attr(cell->node, "memmapType", normal);
    }
}

/* The parent that an entry of @kind goes back into, or NULL. */
static xmlNode *
home_of(const xmlNode *domain, const xmlNode *entry, const char *kind)
{
    g_autoptr(SpmNumaDef) numa = NULL;
    const SpmNumaCell *cell;
    guint64 id;

    if (g_str_equal(kind, "cell") || g_str_equal(kind, "interconnects"))
        return numa_of(domain);
    if (g_str_equal(kind, "interconnect"))
        return spm_xml_child(numa_of(domain), "interconnects");
    if (!(numa = spm_numa_def_parse(domain, NULL)) ||
        !spm_record_entry_number(entry, "cell", &id) || id >= SPM_NUMA_CELLS_MAX)
        return NULL;
    cell = find_cell(numa, (guint)id);
    if (!cell)
        return NULL;
    return g_str_equal(kind, "distances") ? cell->node : spm_xml_child(cell->node, "distances");
}

/* Where a node goes when its noted place is gone (libvirt drops comments): ahead
 * of @behind, which stood behind it and was put back before. The arguments
 * depend on the order. */
static xmlNode *
otherwise_before(const char *kind, xmlNode *parent, xmlNode *behind)
{
    if (behind && behind->parent == parent && !g_str_equal(kind, "interconnects"))
        return behind;
    return g_str_equal(kind, "cell") ? spm_xml_child(parent, "interconnects") : NULL;
}

/* One entry of lowering B undone; kinds that are not of <numa> are passed over.
 * *@last is the node that was put back last. */
static gboolean
put_back(xmlNode *domain, const xmlNode *entry, GHashTable *sizes, xmlNode **last)
{
    static const char *const kinds[] = { "cell",         "sibling", "distances",
                                         "interconnect", "interconnects", NULL };
    const char *kind = (const char *)entry->name;
    const xmlNode *kept = spm_xml_child_ns(entry, NULL, NULL);
    xmlNode *parent;
    xmlNode *back;
    guint64 id;

    if (!g_strv_contains(kinds, kind) || !kept)
        return TRUE;
    parent = home_of(domain, entry, kind);
    if (!parent)
        return FALSE;
    back = spm_record_put_back(entry, kept, parent, otherwise_before(kind, parent, *last));
    *last = back;
    if (g_str_equal(kind, "cell")) {
        const guint64 *size = NULL;

        if (spm_record_entry_number(entry, "id", &id) && id < SPM_NUMA_CELLS_MAX)
            size = g_hash_table_lookup(sizes, GUINT_TO_POINTER((guint)id));
        if (!size || !spm_xml_is(back, "cell"))
            return FALSE;
        if (!says_size(back, *size))
            set_size(back, NULL, *size);
    }
    return TRUE;
}

gboolean
spm_raise_cells_b(xmlNode *domain, const xmlNode *record, GHashTable *sizes)
{
    xmlNode *last = NULL;

    if (!record || !numa_of(domain))
        return FALSE;
    for (const xmlNode *entry = record->last; entry; entry = entry->prev) {
        if (spm_xml_is_ns(entry, NULL, SPM_RECORD_NS) && !put_back(domain, entry, sizes, &last))
            return FALSE;
    }
    return TRUE;
}
