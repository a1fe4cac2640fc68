/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_model.h"

#include <string.h>

#include "qemu/qemu_xmlns.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

/* x86, the only architecture with sp-mem. */
#define SYSTEM_PAGE (4 * SPM_KIB)

/* Of the lists in spm_model_find_double(). */
#define ONCE_MAX 10

void
spm_model_free(SpmModel *model)
{
    g_clear_pointer(&model->numa, spm_numa_def_free);
    g_clear_pointer(&model->links, spm_numa_links_free);
    g_clear_pointer(&model->tune, spm_numatune_free);
    g_clear_pointer(&model->pages, spm_hugepages_free);
    g_clear_pointer(&model->devices, g_ptr_array_unref);
    spm_nodeset_free(model->spm_cells);
    spm_nodeset_free(model->spm_host_nodes);
    g_free(model);
}

static gboolean
add_up(SpmModel *model, GError **error)
{
    gboolean fits = TRUE;

    model->total = spm_numa_def_total(model->numa);
    for (guint i = 0; i < model->devices->len; i++) {
        const SpmMemoryDevice *device = model->devices->pdata[i];

        fits = fits && g_uint64_checked_add(&model->total, model->total, spm_memory_device_round(device->size));
    }
    if (fits && model->total <= G_MAXINT64)
        return TRUE;
    spm_xml_error(error, model->numa->node, SPM_ERROR_XML,
                  "the NUMA cells and memory devices together are larger than any machine");
    return FALSE;
}

/* What a parent has once, and the first and the second one of each. */
typedef struct {
    const char *const *names;
    const char *href;
    const xmlNode *first[ONCE_MAX], *second[ONCE_MAX];
} Once;

static void
find_once(Once *once, const xmlNode *parent)
{
    for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        if (!spm_xml_is_ns(node, NULL, once->href))
            continue;
        for (guint i = 0; once->names[i]; i++) {
            if ((char)node->name[0] != once->names[i][0] ||
                strcmp((const char *)node->name, once->names[i]) != 0)
                continue;
            if (!once->first[i])
                once->first[i] = node;
            else if (!once->second[i])
                once->second[i] = node;
        }
    }
}

static const xmlNode *
second_of(const Once *once)
{
    for (guint i = 0; once->names[i]; i++) {
        if (once->second[i])
            return once->second[i];
    }
    return NULL;
}

const xmlNode *
spm_model_find_double(const xmlNode *domain)
{
    enum { BACKING = 2, TUNE = 4, CPU = 7 };
    static const char *const parts[] = { "metadata", "maxMemory", "memoryBacking", "vcpu", "numatune",
                                         "os", "features", "cpu", "devices", NULL };
    static const char *const of_backing[] = { "hugepages", "source", "access", "allocation", NULL };
    static const char *const of_tune[] = { "memory", NULL };
    static const char *const of_cpu[] = { "numa", NULL };
    static const char *const containers[] = { "capabilities", "override", "commandline", NULL };
    Once all[] = { { parts }, { of_backing }, { of_tune }, { of_cpu }, { containers, SPM_QEMU_NS } };
    const xmlNode *second = NULL;

    find_once(&all[0], domain);
    find_once(&all[1], all[0].first[BACKING]);
    find_once(&all[2], all[0].first[TUNE]);
    find_once(&all[3], all[0].first[CPU]);
    find_once(&all[4], domain);
    for (guint i = 0; !second && i < G_N_ELEMENTS(all); i++)
        second = second_of(&all[i]);
    return second;
}

SpmModel *
spm_model_parse(xmlDoc *doc, GError **error)
{
    g_autoptr(SpmModel) model = g_new0(SpmModel, 1);
    const xmlNode *second = spm_model_find_double(xmlDocGetRootElement(doc));

    model->doc = doc;
    model->domain = xmlDocGetRootElement(doc);
    model->backing = spm_xml_child(model->domain, "memoryBacking");
    model->max_memory = spm_xml_child(model->domain, "maxMemory");
    model->spm_cells = spm_nodeset_new();
    model->spm_host_nodes = spm_nodeset_new();
    if (second) {
        spm_xml_error(error, second, SPM_ERROR_XML, "two <%s> elements, where a domain has one; join them",
                      (const char *)second->name);
        return NULL;
    }
    if (!(model->numa = spm_numa_def_parse(model->domain, error)) ||
        !(model->links = spm_numa_links_parse(model->numa, error)) ||
        !(model->tune = spm_numatune_parse(model->domain, error)) ||
        !(model->pages = spm_hugepages_parse(model->backing, error)) ||
        !(model->devices = spm_memory_devices_parse(model->domain, error)) ||
        !spm_max_memory_parse(model->max_memory, &model->max_bytes, &model->max_slots, error) ||
        !add_up(model, error))
        return NULL;
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];
        const SpmMemnode *memnode = spm_numatune_find(model->tune, cell->id);

        if (!spm_numa_cell_is_spm(cell))
            continue;
        spm_nodeset_add(model->spm_cells, cell->id);
        if (memnode)
            spm_nodeset_union(model->spm_host_nodes, memnode->nodes);
    }
    return g_steal_pointer(&model);
}

SpmLowering
spm_model_lowering(const SpmLoweringContext *context)
{
    return context->memoryless_cells ? SPM_LOWERING_A : SPM_LOWERING_B;
}

const SpmBacking *
spm_model_backing(const SpmLoweringContext *context, guint cell)
{
    for (guint i = 0; context->backings && i < context->backings->len; i++) {
        const SpmBacking *backing = context->backings->pdata[i];

        if (backing->cell == cell)
            return backing;
    }
    return NULL;
}

gboolean
spm_model_names_page(const SpmHugepages *pages, guint cell)
{
    guint64 page = spm_hugepages_of_cell(pages, cell);

    return page != SPM_PAGE_ORDINARY && page != SPM_PAGE_HOST_DEFAULT;
}

guint64
spm_model_device_page(const SpmHugepages *pages, SpmLowering lowering, guint cell)
{
    guint64 page = spm_hugepages_of_cell(pages, cell);

    if (page == SPM_PAGE_HOST_DEFAULT)
        return 0;
    /* libvirt looks up the pages of the device's target cell. Under lowering B
     * that is cell 0, whose huge pages the SPM cell must not inherit. */
    if (page == SPM_PAGE_ORDINARY && pages->node && lowering == SPM_LOWERING_B)
        return SYSTEM_PAGE;
    return page;
}

const char *
spm_model_device_access(const xmlNode *backing, const char *mem_access)
{
    const xmlNode *access = spm_xml_child(backing, "access");
    const xmlNode *source = spm_xml_child(backing, "source");
    g_autofree char *type = source ? spm_xml_attr(source, "type") : NULL;

    if (mem_access)
        return mem_access;
    /* The domain's own <access> reaches the device by itself. Anonymous memory
     * that is shared libvirt turns into a file on a disk. */
    return access || g_strcmp0(type, "anonymous") == 0 ? NULL : "shared";
}
