/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/numa_conf.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

static const char *const memmap_names[] = {
    [SPM_MEMMAP_NONE] = NULL,
    [SPM_MEMMAP_NORMAL] = "normal",
    [SPM_MEMMAP_SPM] = "spm",
    [SPM_MEMMAP_RESERVED] = "reserved",
};

const char *
spm_memmap_type_name(SpmMemmapType type)
{
    return memmap_names[type];
}

gboolean
spm_memmap_type_parse(const char *name, SpmMemmapType *type)
{
    for (guint i = SPM_MEMMAP_NORMAL; i < G_N_ELEMENTS(memmap_names); i++) {
        if (g_str_equal(name, memmap_names[i])) {
            *type = i;
            return TRUE;
        }
    }
    return FALSE;
}

static void
cell_free(SpmNumaCell *cell)
{
    spm_nodeset_free(cell->cpus);
    g_free(cell);
}

void
spm_numa_def_free(SpmNumaDef *def)
{
    g_ptr_array_unref(def->cells);
    g_free(def);
}

gboolean
spm_numa_cell_is_spm(const SpmNumaCell *cell)
{
    return cell->memmap == SPM_MEMMAP_SPM || cell->memmap == SPM_MEMMAP_RESERVED;
}

gboolean
spm_numa_cell_has_cpus(const SpmNumaDef *def, const SpmNumaCell *cell)
{
    return cell->cpus || (cell->id == 0 && def->spare_cpus);
}

static int
compare_ids(gconstpointer a, gconstpointer b)
{
    const SpmNumaCell *x = *(const SpmNumaCell *const *)a;
    const SpmNumaCell *y = *(const SpmNumaCell *const *)b;

    return x->id < y->id ? -1 : x->id > y->id;
}

GPtrArray *
spm_numa_def_sorted(const SpmNumaDef *def)
{
    GPtrArray *sorted = g_ptr_array_sized_new(def->cells->len);

    for (guint i = 0; i < def->cells->len; i++)
        g_ptr_array_add(sorted, def->cells->pdata[i]);
    g_ptr_array_sort(sorted, compare_ids);
    return sorted;
}

static gboolean
parse_id(SpmNumaCell *cell, guint position, GError **error)
{
    g_autofree char *text = spm_xml_attr(cell->node, "id");
    guint64 id = position;

    if (text && (!spm_parse_uint64(text, &id) || id >= SPM_NUMA_CELLS_MAX)) {
        spm_xml_error(error, cell->node, SPM_ERROR_XML,
                      "NUMA cell id '%s' is not a number below %d; number the cells from 0", text,
                      SPM_NUMA_CELLS_MAX);
        return FALSE;
    }
    cell->id = (guint)id;
    return TRUE;
}

static gboolean
parse_memmap(SpmNumaCell *cell, GError **error)
{
    g_autofree char *text = spm_xml_attr(cell->node, "memmapType");

    if (!text || spm_memmap_type_parse(text, &cell->memmap))
        return TRUE;
    spm_xml_error(error, cell->node, SPM_ERROR_XML,
                  "NUMA cell %u: unknown memmapType '%s'; use 'normal', 'spm' or 'reserved'",
                  cell->id, text);
    return FALSE;
}

static gboolean
parse_cpus(SpmNumaCell *cell, GError **error)
{
    g_autofree char *text = spm_xml_attr(cell->node, "cpus");
    g_autoptr(GError) why = NULL;

    if (!text)
        return TRUE;
    cell->cpus = spm_nodeset_parse(text, &why);
    if (!cell->cpus) {
        spm_xml_error(error, cell->node, SPM_ERROR_XML, "NUMA cell %u: cpus: %s", cell->id,
                      why->message);
        return FALSE;
    }
    if (spm_nodeset_is_empty(cell->cpus))
        g_clear_pointer(&cell->cpus, spm_nodeset_free);
    return TRUE;
}

static gboolean
parse_size(SpmNumaCell *cell, GError **error)
{
    g_autofree char *text = spm_xml_attr(cell->node, "memory");
    g_autofree char *unit = spm_xml_attr(cell->node, "unit");
    g_autoptr(GError) why = NULL;

    if (!text) {
        spm_xml_error(error, cell->node, SPM_ERROR_XML,
                      "NUMA cell %u has no memory attribute; say how much, like memory='64' unit='GiB'",
                      cell->id);
        return FALSE;
    }
    if (!spm_size_parse(text, unit, &cell->size, &why)) {
        spm_xml_error(error, cell->node, SPM_ERROR_XML, "NUMA cell %u: memory: %s", cell->id,
                      why->message);
        return FALSE;
    }
    return TRUE;
}

/* Is any of the domain's vCPUs in no cell? */
static gboolean
find_spare_cpu(const SpmNumaDef *def, const xmlNode *domain)
{
    g_autofree char *text = spm_xml_text(spm_xml_child(domain, "vcpu"));
    g_autoptr(SpmNodeset) named = spm_nodeset_new();
    guint64 count;
    guint cpu = 0;

    if (!text || !spm_parse_uint64(text, &count))
        count = 1;
    for (guint i = 0; i < def->cells->len; i++) {
        const SpmNumaCell *cell = def->cells->pdata[i];

        if (cell->cpus)
            spm_nodeset_union(named, cell->cpus);
    }
    while (cpu < SPM_NODESET_MAX && spm_nodeset_has(named, cpu))
        cpu++;
    return cpu < count;
}

SpmNumaDef *
spm_numa_def_parse(const xmlNode *domain, GError **error)
{
    g_autoptr(SpmNumaDef) def = g_new0(SpmNumaDef, 1);

    def->cells = g_ptr_array_new_with_free_func((GDestroyNotify)cell_free);
    def->node = spm_xml_child(spm_xml_child(domain, "cpu"), "numa");
    for (xmlNode *node = spm_xml_child(def->node, "cell"); node; node = spm_xml_next(node, "cell")) {
        SpmNumaCell *cell = g_new0(SpmNumaCell, 1);
        guint position = def->cells->len;

        cell->node = node;
        if (position >= SPM_NUMA_CELLS_MAX) {
            g_free(cell);
            spm_xml_error(error, node, SPM_ERROR_XML, "more than %d NUMA cells", SPM_NUMA_CELLS_MAX);
            return NULL;
        }
        g_ptr_array_add(def->cells, cell);
        if (!parse_id(cell, position, error) || !parse_memmap(cell, error) ||
            !parse_cpus(cell, error) || !parse_size(cell, error))
            return NULL;
        for (guint i = 0; i < position; i++) {
            if (((SpmNumaCell *)def->cells->pdata[i])->id == cell->id) {
                spm_xml_error(error, node, SPM_ERROR_XML, "two NUMA cells have the id %u", cell->id);
                return NULL;
            }
        }
    }
    def->spare_cpus = find_spare_cpu(def, domain);
    return g_steal_pointer(&def);
}

SpmNumaCell *
spm_numa_def_find(const SpmNumaDef *def, guint id)
{
    for (guint i = 0; i < def->cells->len; i++) {
        SpmNumaCell *cell = def->cells->pdata[i];

        if (cell->id == id)
            return cell;
    }
    return NULL;
}

guint
spm_numa_def_count_spm(const SpmNumaDef *def)
{
    guint count = 0;

    for (guint i = 0; i < def->cells->len; i++)
        count += spm_numa_cell_is_spm(def->cells->pdata[i]);
    return count;
}

static guint64
round_up(guint64 bytes, guint64 step)
{
    /* Sizes come from 64-bit parsing; the largest multiple stands for "too large". */
    if (bytes > G_MAXUINT64 - step)
        return G_MAXUINT64 - (step - 1);
    return (bytes + step - 1) / step * step;
}

guint64
spm_memory_round(guint64 bytes)
{
    return round_up(bytes, SPM_MIB);
}

guint64
spm_memory_device_round(guint64 bytes)
{
    return round_up(bytes, 2 * SPM_MIB);
}

guint64
spm_numa_def_total(const SpmNumaDef *def)
{
    guint64 total = 0;

    for (guint i = 0; i < def->cells->len; i++) {
        const SpmNumaCell *cell = def->cells->pdata[i];
        guint64 size = spm_numa_cell_is_spm(cell) ? spm_memory_device_round(cell->size)
                                                  : spm_memory_round(cell->size);

        if (!g_uint64_checked_add(&total, total, size))
            return G_MAXUINT64;
    }
    return total;
}
