/*
 * host_pci.c: accelerators on the PCI bus
 *
 * By class (PCI Code and ID Assignment Specification): 03 display, 12
 * processing accelerator, 0b40 co-processor (NEC Vector Engine, Xeon Phi).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_parts.h"

#define PCI_DIR "sys/bus/pci/devices"

void
spm_host_accelerator_free(gpointer data)
{
    SpmHostAccelerator *accelerator = data;

    g_free(accelerator->address);
    g_free(accelerator->driver);
    spm_nodeset_free(accelerator->spm_nodes);
    g_free(accelerator);
}

static gboolean
is_accelerator(guint64 pci_class)
{
    return pci_class >> 16 == 0x03 || pci_class >> 16 == 0x12 || pci_class >> 8 == 0x0b40;
}

/* "0000:41:00.0"; a domain has up to eight digits (VMD). */
static gboolean
is_address(const char *name)
{
    gsize domain = strspn(name, "0123456789abcdef");

    return domain >= 4 && domain <= 8 && strlen(name) == domain + 8 && name[domain] == ':' &&
           name[domain + 3] == ':' && name[domain + 6] == '.' &&
           strspn(name, "0123456789abcdef:.") == strlen(name);
}

static SpmHostAccelerator *
read_device(SpmHostRoot *root, const char *address, guint32 pci_class)
{
    SpmHostAccelerator *accelerator = g_new0(SpmHostAccelerator, 1);
    g_autofree char *group = NULL;
    char path[SPM_HOST_PATH_ROOM];
    const char *why = NULL;
#define ATTR(attr) (g_snprintf(path, sizeof path, PCI_DIR "/%s/%s", address, attr), path)

    accelerator->address = g_strdup(address);
    accelerator->pci_class = pci_class;
    accelerator->spm_nodes = spm_nodeset_new();
    accelerator->vendor = spm_host_read_number(root, ATTR("vendor"), SPM_HOST_NUMBER_HEX, 0);
    accelerator->device = spm_host_read_number(root, ATTR("device"), SPM_HOST_NUMBER_HEX, 0);
    /* -1 also for a node that was offline when the bus was scanned. */
    accelerator->node = spm_host_read_node_number(root, ATTR("numa_node"), 0);
    accelerator->driver = spm_host_read_link_name(root, ATTR("driver"), NULL);
    group = spm_host_read_link_name(root, ATTR("iommu_group"), &why);
    accelerator->iommu_group = spm_host_unknown(why == SPM_HOST_ABSENT ? "the device has none (no IOMMU)" : why);
    if (group) {
        gint64 number = spm_host_name_number(group, "");

        accelerator->iommu_group =
            number >= 0 ? spm_host_known((guint64)number) : spm_host_unknown("the link does not end in a number");
    }
#undef ATTR
    return accelerator;
}

void
spm_host_read_accelerators(SpmHost *host, SpmHostRoot *root)
{
    const char *why = NULL;
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, PCI_DIR, &why);

    if (!names)
        host->pci_why = why == SPM_HOST_ABSENT ? "the host has no PCI bus" : why;
    for (guint i = 0; names && i < names->len; i++) {
        const char *address = g_ptr_array_index(names, i);
        g_autofree char *path = g_strdup_printf(PCI_DIR "/%s/class", address);
        SpmHostValue pci_class;

        if (!is_address(address))
            continue;
        pci_class = spm_host_read_number(root, path, SPM_HOST_NUMBER_HEX, 0);
        if (pci_class.known && is_accelerator(pci_class.value))
            g_ptr_array_add(host->accelerators, read_device(root, address, (guint32)pci_class.value));
    }
}
