/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_validate.h"

#include <string.h>

#include "qemu/qemu_record.h"
#include "qemu/qemu_xmlns.h"
#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"

static gboolean
check_emulator(const SpmModel *model, const SpmNumaCell *cell, const SpmQemuCaps *qemu,
               GError **error)
{
    const char *binary = qemu->binary ? qemu->binary : "the emulator";
    g_autofree char *version = qemu->version ? spm_strdup_printf(" (QEMU %s)", qemu->version) : NULL;

    if (cell->memmap == SPM_MEMMAP_RESERVED) {
        spm_xml_error(error, cell->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u asks for memmapType='reserved', which %s%s cannot build; use memmapType='spm'",
                      cell->id, binary, version ? version : "");
        return FALSE;
    }
    if (qemu->sp_mem)
        return TRUE;
    spm_xml_error(error, cell->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                  "NUMA cell %u asks for memmapType='spm', which %s%s cannot build: it has no device type '%s'; install " SPM_QEMU_DEVICE_SINCE " or later, or name such an emulator in <devices><emulator>",
                  cell->id, binary, version ? version : "", SPM_QEMU_DEVICE);
    return FALSE;
}

static gboolean
check_machine(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    const xmlNode *os = spm_xml_child(model->domain, "os");
    const xmlNode *type = spm_xml_child(os, "type");
    g_autofree char *virt = spm_xml_attr(model->domain, "type");
    g_autofree char *arch = type ? spm_xml_attr(type, "arch") : NULL;
    g_autofree char *machine = type ? spm_xml_attr(type, "machine") : NULL;

    if (virt && !g_str_equal(virt, "kvm") && !g_str_equal(virt, "qemu")) {
        spm_xml_error(error, model->domain, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: memmapType='spm' needs QEMU: use <domain type='kvm'> or 'qemu', not '%s'",
                      cell->id, virt);
        return FALSE;
    }
    if (arch && !g_str_equal(arch, "x86_64") && !g_str_equal(arch, "i686")) {
        spm_xml_error(error, type, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: memmapType='spm' exists on x86 only, and this domain's arch is '%s'",
                      cell->id, arch);
        return FALSE;
    }
    if (machine && !g_str_equal(machine, "q35") && !g_str_equal(machine, "pc") &&
        !g_str_has_prefix(machine, "pc-q35-") && !g_str_has_prefix(machine, "pc-i440fx-")) {
        spm_xml_error(error, type, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: memmapType='spm' needs an x86 PC machine; use machine='q35' or 'pc', not '%s'",
                      cell->id, machine);
        return FALSE;
    }
    if (!spm_xml_child(spm_xml_child(model->domain, "features"), "acpi")) {
        spm_xml_error(error, model->domain, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: without ACPI the guest never hears of its SPM cell; add <features><acpi/></features>",
                      cell->id);
        return FALSE;
    }
    return TRUE;
}

/* A read-only firmware image that is known to keep soft-reserved E820 entries. */
static gboolean
is_known_rom(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_ascii_strdown(base, -1);

    return strstr(name, "qboot") || strstr(name, "ovmf") || strstr(name, "edk2");
}

/* SeaBIOS 1.17 drops soft-reserved entries on the way from QEMU to the guest;
 * OVMF (2026.08 was seen to; 2025.02 is too old) and qboot pass them on. */
static gboolean
check_firmware(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    const xmlNode *os = spm_xml_child(model->domain, "os");
    const xmlNode *loader = spm_xml_child(os, "loader");
    g_autofree char *firmware = os ? spm_xml_attr(os, "firmware") : NULL;
    g_autofree char *type = loader ? spm_xml_attr(loader, "type") : NULL;
    g_autofree char *path = spm_xml_text(loader);

    if (g_strcmp0(firmware, "efi") == 0 || g_strcmp0(type, "pflash") == 0)
        return TRUE;
    if (path && *path && is_known_rom(path))
        return TRUE;
    spm_xml_error(error, loader ? loader : os ? os : model->domain, SPM_ERROR_CONFIG_UNSUPPORTED,
                  "NUMA cell %u: the firmware %s%s%s would not show the guest its soft-reserved memory; use UEFI, <os firmware='efi'>, with OVMF 2026.08 or later, or qboot as <loader type='rom'>",
                  cell->id, path && *path ? "'" : "", path && *path ? path : "SeaBIOS",
                  path && *path ? "'" : "");
    return FALSE;
}

static gboolean
check_size(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    guint64 page = spm_hugepages_of_cell(model->pages, cell->id);
    g_autofree char *size = NULL;
    g_autofree char *page_text = NULL;

    if (cell->size == 0) {
        spm_xml_error(error, cell->node, SPM_ERROR_XML,
                      "NUMA cell %u has memmapType='spm' and no memory; give it a size above 0", cell->id);
        return FALSE;
    }
    if (page == SPM_PAGE_ORDINARY || page == SPM_PAGE_HOST_DEFAULT)
        page = 4 * SPM_KIB;
    if (cell->size % page == 0)
        return TRUE;
    size = spm_size_format(cell->size);
    page_text = spm_size_format(page);
    spm_xml_error(error, cell->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                  "NUMA cell %u: its size %s is not a multiple of its page size %s; change the cell's memory, or its <page> in <hugepages>",
                  cell->id, size, page_text);
    return FALSE;
}

static gboolean
check_memnode(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    const SpmMemnode *memnode = spm_numatune_find(model->tune, cell->id);

    if (model->tune->automatic) {
        spm_xml_error(error, model->tune->memory ? model->tune->memory : model->domain,
                      SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: placement='auto' lets numad choose host nodes, which may not hold SPM; use placement='static' with <memnode cellid='%u' mode='strict' nodeset=.../>",
                      cell->id, cell->id);
        return FALSE;
    }
    if (!memnode)
        return TRUE;
    if (!g_str_equal(memnode->mode, "strict")) {
        spm_xml_error(error, memnode->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: <memnode mode='%s'> could put ordinary memory behind an SPM cell; use mode='strict'",
                      cell->id, memnode->mode);
        return FALSE;
    }
    if (model->tune->memory && g_str_equal(model->tune->mode, "restrictive")) {
        spm_xml_error(error, model->tune->memory, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: <numatune><memory mode='restrictive'> cannot be joined with a strict <memnode>; use <memory mode='strict'>",
                      cell->id);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_devices(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    for (guint i = 0; i < model->devices->len; i++) {
        const SpmMemoryDevice *device = model->devices->pdata[i];

        if (device->target == (int)cell->id) {
            spm_xml_error(error, device->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                          "NUMA cell %u is an SPM cell and takes no memory device of model '%s'; put the device on an ordinary cell",
                          cell->id, device->model);
            return FALSE;
        }
    }
    return TRUE;
}

/* Under lowering B the memory device stands in cell 0 for libvirt, and libvirt
 * 11.3 binds it to its own nodes by cell 0's policy. (12.8 binds a device with
 * nodes strictly.) */
static gboolean
check_policy_b(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    const SpmMemnode *memnode = spm_numatune_find(model->tune, cell->id);
    const SpmMemnode *first = spm_numatune_find(model->tune, 0);
    const char *mode = first ? first->mode : model->tune->nodes ? model->tune->mode : "strict";

    if (!memnode || g_str_equal(mode, "strict"))
        return TRUE;
    spm_xml_error(error, memnode->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                  "NUMA cell %u: this libvirt would bind its memory by the policy of cell 0, mode='%s', which could put ordinary memory behind an SPM cell; use mode='strict' for cell 0 in <numatune>, or install a libvirt that builds memory-less cells (12.8 does)",
                  cell->id, mode);
    return FALSE;
}

/* Lowering B hides the cell from libvirt, which then numbers the others from 0
 * and gives them all the vCPUs. */
static gboolean
check_cell_b(const SpmModel *model, const SpmNumaCell *cell, GError **error)
{
    if (cell->cpus) {
        g_autofree char *cpus = spm_nodeset_format(cell->cpus);

        spm_xml_error(error, cell->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: this libvirt cannot build an SPM cell with vCPUs (cpus='%s'); move them to an ordinary cell, or install a libvirt that builds memory-less cells (12.8 does)",
                      cell->id, cpus);
        return FALSE;
    }
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *other = model->numa->cells->pdata[i];

        if (!spm_numa_cell_is_spm(other) && other->id > cell->id) {
            spm_xml_error(error, cell->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                          "NUMA cell %u: this libvirt needs SPM cells to have the highest ids, and cell %u is an ordinary one; renumber them, or install a libvirt that builds memory-less cells (12.8 does)",
                          cell->id, other->id);
            return FALSE;
        }
    }
    return check_policy_b(model, cell, error);
}

static gboolean
check_lowering_b(const SpmModel *model, GError **error)
{
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];

        if (spm_numa_cell_is_spm(cell) && !check_cell_b(model, cell, error))
            return FALSE;
    }
    return TRUE;
}

/* QEMU takes an HMAT initiator only among nodes with CPUs, and says so when the
 * guest starts. */
static gboolean
check_initiators(const SpmModel *model, GError **error)
{
    for (guint i = 0; i < model->links->interconnects->len; i++) {
        const SpmNumaInterconnect *link = model->links->interconnects->pdata[i];

        if (!spm_nodeset_has(model->spm_cells, link->initiator) ||
            spm_numa_cell_has_cpus(model->numa, spm_numa_def_find(model->numa, link->initiator)))
            continue;
        spm_xml_error(error, link->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                      "NUMA cell %u: an SPM cell without vCPUs cannot be the initiator of a <%s>; name a cell that has vCPUs",
                      link->initiator, (const char *)link->node->name);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_ordinary_memory(const SpmModel *model, GError **error)
{
    const SpmNumaCell *first = NULL;

    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];

        if (!spm_numa_cell_is_spm(cell) && cell->size > 0)
            return TRUE;
        if (!first && spm_numa_cell_is_spm(cell))
            first = cell;
    }
    if (!first)
        return TRUE; /* nothing of it is ours */
    spm_xml_error(error, first->node, SPM_ERROR_CONFIG_UNSUPPORTED,
                  "NUMA cell %u: with only SPM cells the guest has no ordinary memory to boot from; add an ordinary cell with memory",
                  first->id);
    return FALSE;
}

static gboolean
check_max_memory(const SpmModel *model, GError **error)
{
    g_autofree char *max = NULL;
    g_autofree char *total = NULL;

    if (!model->max_memory || spm_memory_round(model->max_bytes) >= model->total)
        return TRUE;
    max = spm_size_format(model->max_bytes);
    total = spm_size_format(model->total);
    spm_xml_error(error, model->max_memory, SPM_ERROR_CONFIG_UNSUPPORTED,
                  "<maxMemory> is %s, less than the %s of all NUMA cells and memory devices, SPM cells included; raise it or leave it out",
                  max, total);
    return FALSE;
}

/* Names and places that lowering writes to, and a user may not use. */
static gboolean
check_reserved_names(const SpmModel *model, GError **error)
{
    const xmlNode *record = spm_record_find(model->domain);
    const xmlNode *override = spm_xml_child_ns(model->domain, "override", SPM_QEMU_NS);

    if (record) {
        spm_xml_error(error, record, SPM_ERROR_XML,
                      "<metadata> holds the element of namespace '%s' that virtspm writes itself; remove it, or define the stock XML without memmapType",
                      SPM_RECORD_NS);
        return FALSE;
    }
    for (guint i = 0; i < model->devices->len; i++) {
        const SpmMemoryDevice *device = model->devices->pdata[i];

        if (device->alias && g_str_has_prefix(device->alias, SPM_QEMU_ALIAS_RESERVED)) {
            spm_xml_error(error, device->node, SPM_ERROR_XML,
                          "the alias '%s' is one that virtspm gives out itself; rename it", device->alias);
            return FALSE;
        }
    }
    for (const xmlNode *node = spm_xml_child_ns(override, "device", SPM_QEMU_NS); node;
         node = spm_xml_next_ns(node, "device", SPM_QEMU_NS)) {
        g_autofree char *alias = spm_xml_attr(node, "alias");

        if (alias && g_str_has_prefix(alias, SPM_QEMU_ALIAS_RESERVED)) {
            spm_xml_error(error, node, SPM_ERROR_XML,
                          "<qemu:override> of the alias '%s', which virtspm writes itself; remove it", alias);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
spm_validate(const SpmModel *model, const SpmLoweringContext *context, GError **error)
{
    if (!check_reserved_names(model, error))
        return FALSE;
    if (spm_nodeset_is_empty(model->spm_cells))
        return TRUE;
    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];

        if (!spm_numa_cell_is_spm(cell))
            continue;
        if (!check_machine(model, cell, error) ||
            !check_emulator(model, cell, context->qemu, error) ||
            !check_firmware(model, cell, error) || !check_size(model, cell, error) ||
            !check_memnode(model, cell, error) || !check_devices(model, cell, error))
            return FALSE;
    }
    if (!check_ordinary_memory(model, error) || !check_max_memory(model, error) ||
        !check_initiators(model, error))
        return FALSE;
    /* Last, so that what no libvirt can build is refused in the same words everywhere. */
    return spm_model_lowering(context) == SPM_LOWERING_A || check_lowering_b(model, error);
}

static gboolean
is_numa_cell(const xmlNode *node)
{
    const xmlNode *numa = spm_xml_is(node, "cell") ? node->parent : NULL;
    const xmlNode *root = xmlDocGetRootElement(node->doc);

    /* Where there are two, only the first is read. */
    return numa && spm_xml_is(root, "domain") &&
           numa == spm_xml_child(spm_xml_child(root, "cpu"), "numa");
}

gboolean
spm_validate_no_stray_attribute(xmlNode *node, GError **error)
{
    gboolean has_it = spm_xml_has_attr(node, "memmapType");

    if (node->parent == xmlDocGetRootElement(node->doc) && spm_xml_is(node, "metadata"))
        return TRUE;
    if (has_it && spm_xml_is(node, "cell") && !is_numa_cell(node)) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "memmapType on <cell> outside the domain's first <cpu><numa>, the only one that counts; move the cell there");
        return FALSE;
    }
    if (has_it && !is_numa_cell(node)) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "memmapType on <%s> means nothing; it belongs on a <cell> of <cpu><numa>",
                      (const char *)node->name);
        return FALSE;
    }
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && !spm_validate_no_stray_attribute(child, error))
            return FALSE;
    }
    return TRUE;
}
