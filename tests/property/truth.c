/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "truth.h"

#include <string.h>

#include "qemu/qemu_model.h"
#include "util/spm_size.h"

typedef struct {
    xmlDoc *doc;
    SpmModel *model;
} Reading;

static void
reading_free(Reading *reading)
{
    g_clear_pointer(&reading->model, spm_model_free);
    g_clear_pointer(&reading->doc, xmlFreeDoc);
    g_free(reading);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reading, reading_free)

/* NULL when it cannot be read. */
static Reading *
reading_new(const char *xml)
{
    g_autoptr(Reading) reading = g_new0(Reading, 1);

    reading->doc = spm_xml_parse(xml, strlen(xml), NULL);
    reading->model = reading->doc ? spm_model_parse(reading->doc, NULL) : NULL;
    return reading->model ? g_steal_pointer(&reading) : NULL;
}

static const SpmMemoryDevice *
device_of_cell(const SpmModel *stock, guint cell)
{
    g_autofree char *alias = g_strdup_printf("ua-virtspm-cell%u", cell);

    for (guint i = 0; i < stock->devices->len; i++) {
        const SpmMemoryDevice *device = stock->devices->pdata[i];

        if (g_strcmp0(device->alias, alias) == 0)
            return device;
    }
    return NULL;
}

static gboolean
has_value(const xmlNode *node, const char *name, const char *value)
{
    g_autofree char *mine = spm_xml_attr(node, name);

    return g_strcmp0(mine, value) == 0;
}

/* Is there, anywhere below @node, an override that makes @alias an sp-mem device? */
static gboolean
is_sp_mem(const xmlNode *node, const char *alias, gboolean inside)
{
    inside = inside || (xmlStrEqual(node->name, BAD_CAST "device") && has_value(node, "alias", alias));
    if (inside && xmlStrEqual(node->name, BAD_CAST "property") && has_value(node, "name", "driver"))
        return has_value(node, "value", "sp-mem");
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && is_sp_mem(child, alias, inside))
            return TRUE;
    }
    return FALSE;
}

static gboolean
same_nodes(const SpmNodeset *a, const SpmNodeset *b)
{
    return a && b ? spm_nodeset_equal(a, b) : a == b;
}

static char *
truth_of_cell(const SpmModel *raised, const SpmModel *stock, const SpmNumaCell *cell)
{
    const SpmMemoryDevice *device = device_of_cell(stock, cell->id);
    const SpmMemnode *memnode = spm_numatune_find(raised->tune, cell->id);
    guint64 page = spm_hugepages_of_cell(raised->pages, cell->id);
    g_autofree char *discard = spm_xml_attr(cell->node, "discard");

    if (!device)
        return g_strdup_printf("cell %u has no memory device", cell->id);
    if (!g_str_equal(device->model, "dimm") || !is_sp_mem(stock->domain, device->alias, FALSE))
        return g_strdup_printf("the device of cell %u is not sp-mem", cell->id);
    if (device->size != cell->size)
        return g_strdup_printf("cell %u shows %" G_GUINT64_FORMAT " bytes and has %" G_GUINT64_FORMAT,
                               cell->id, cell->size, device->size);
    if (!same_nodes(memnode ? memnode->nodes : NULL, device->host_nodes))
        return g_strdup_printf("cell %u shows other host nodes than it has", cell->id);
    if (memnode && !g_str_equal(memnode->mode, "strict"))
        return g_strdup_printf("cell %u shows the mode '%s'", cell->id, memnode->mode);
    if (page == 4 * SPM_KIB)
        page = SPM_PAGE_ORDINARY;
    if (device->page_size && page != (device->page_size == 4 * SPM_KIB ? 0 : device->page_size))
        return g_strdup_printf("cell %u shows other pages than it has", cell->id);
    if (!device->page_size && page != SPM_PAGE_ORDINARY && page != SPM_PAGE_HOST_DEFAULT)
        return g_strdup_printf("cell %u shows pages that it has not", cell->id);
    if (g_strcmp0(discard, device->discard) != 0)
        return g_strdup_printf("cell %u shows another discard than it has", cell->id);
    return NULL;
}

char *
truth_of(const char *raised_xml, const char *stock_xml)
{
    g_autoptr(Reading) raised = reading_new(raised_xml);
    g_autoptr(Reading) stock = reading_new(stock_xml);
    guint spm_cells = 0;

    /* libvirt would not have kept what cannot be read. */
    if (!stock)
        return NULL;
    if (!raised)
        return g_strdup("the raised document cannot be read");
    for (guint i = 0; i < raised->model->numa->cells->len; i++) {
        const SpmNumaCell *cell = raised->model->numa->cells->pdata[i];
        char *wrong;

        if (cell->memmap != SPM_MEMMAP_SPM)
            continue;
        spm_cells++;
        if ((wrong = truth_of_cell(raised->model, stock->model, cell)))
            return wrong;
    }
    if (raised->model->devices->len + spm_cells != stock->model->devices->len)
        return g_strdup("not every memory device is shown");
    return NULL;
}

static char *
different_cells(const SpmModel *a, const SpmModel *b)
{
    if (a->numa->cells->len != b->numa->cells->len)
        return g_strdup("the number of cells");
    for (guint i = 0; i < a->numa->cells->len; i++) {
        const SpmNumaCell *mine = a->numa->cells->pdata[i];
        const SpmNumaCell *other = spm_numa_def_find(b->numa, mine->id);
        g_autofree char *access = spm_xml_attr(mine->node, "memAccess");
        g_autofree char *discard = spm_xml_attr(mine->node, "discard");

        if (!other || mine->memmap != other->memmap || mine->size != other->size ||
            !same_nodes(mine->cpus, other->cpus) || !has_value(other->node, "memAccess", access) ||
            !has_value(other->node, "discard", discard))
            return g_strdup_printf("cell %u", mine->id);
        if (spm_hugepages_of_cell(a->pages, mine->id) != spm_hugepages_of_cell(b->pages, mine->id))
            return g_strdup_printf("the pages of cell %u", mine->id);
        for (guint j = 0; j < a->numa->cells->len; j++) {
            guint to = ((SpmNumaCell *)a->numa->cells->pdata[j])->id;

            if (spm_numa_links_distance(a->links, mine->id, to) !=
                spm_numa_links_distance(b->links, mine->id, to))
                return g_strdup_printf("the distance from cell %u to %u", mine->id, to);
        }
    }
    return NULL;
}

char *
truth_same_meaning(const char *a_xml, const char *b_xml)
{
    g_autoptr(Reading) a = reading_new(a_xml);
    g_autoptr(Reading) b = reading_new(b_xml);
    char *difference;

    if (!a || !b)
        return g_strdup("a document cannot be read");
    if ((difference = different_cells(a->model, b->model)))
        return difference;
    if (!spm_numatune_equal(a->model->tune, b->model->tune, NULL))
        return g_strdup("<numatune>");
    if (spm_memory_round(a->model->max_bytes) != spm_memory_round(b->model->max_bytes) ||
        a->model->max_slots != b->model->max_slots)
        return g_strdup("<maxMemory>");
    if (a->model->devices->len != b->model->devices->len)
        return g_strdup("the memory devices");
    if (a->model->links->interconnects->len != b->model->links->interconnects->len ||
        a->model->links->caches->len != b->model->links->caches->len)
        return g_strdup("the HMAT");
    return NULL;
}
