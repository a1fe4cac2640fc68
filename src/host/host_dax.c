/*
 * host_dax.c: device-dax devices
 *
 * Only /sys/bus/dax is read, which Linux has since 5.1; before that all
 * device-dax memory was persistent memory.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_parts.h"

#define DAX_DIR "sys/bus/dax/devices"
#define DAX_DRIVERS "sys/bus/dax/drivers"

/* More than any host has; keeps a hostile tree from costing memory. */
#define DAX_MAX 4096

void
spm_host_dax_free(gpointer data)
{
    SpmHostDax *dax = data;

    g_free(dax->name);
    g_free(dax->driver);
    g_free(dax);
}

/* "dax0.0", and nothing that could not be a device's name: it ends up in paths
 * and in commands that are shown. */
static gboolean
is_dax_name(const char *name)
{
    const char *digits = "0123456789";
    gsize first, second;

    if (!g_str_has_prefix(name, "dax") || strlen(name) > 24)
        return FALSE;
    first = strspn(name + 3, digits);
    if (first == 0 || name[3 + first] != '.')
        return FALSE;
    second = strspn(name + 3 + first + 1, digits);
    return second != 0 && name[3 + first + 1 + second] == '\0';
}

/* Where a device hangs tells where its memory comes from:
 *   .../ndbus0/region0/dax0.0/dax0.0                          persistent memory
 *   .../root0/decoder0.0/region0/dax_region0/dax0.0           CXL
 *   .../hmem.0/dax0.0, since 6.x hmem_platform.0/hmem.0/      soft reserved
 * A component decides, not a substring. */
static SpmHostOrigin
origin_of_link(const char *link)
{
    g_auto(GStrv) parts = g_strsplit(link, "/", -1);
    gboolean root = FALSE, decoder = FALSE, region = FALSE, hmem = FALSE;

    for (guint i = 0; parts[i]; i++) {
        if (spm_host_name_number(parts[i], "ndbus") >= 0)
            return SPM_HOST_ORIGIN_PMEM;
        root = root || spm_host_name_number(parts[i], "root") >= 0;
        decoder = decoder || g_str_has_prefix(parts[i], "decoder");
        region = region || spm_host_name_number(parts[i], "region") >= 0;
        hmem = hmem || spm_host_name_number(parts[i], "hmem.") >= 0;
    }
    if (root && decoder && region)
        return SPM_HOST_ORIGIN_CXL;
    return hmem ? SPM_HOST_ORIGIN_SOFT_RESERVED : SPM_HOST_ORIGIN_UNKNOWN;
}

static void
read_origin(SpmHostDax *dax, SpmHostRoot *root)
{
    g_autofree char *path = g_strdup_printf(DAX_DIR "/%s", dax->name);
    g_autofree char *link = spm_host_read_link(root, path, &dax->origin_why);

    if (!link)
        return;
    dax->origin = origin_of_link(link);
    if (dax->origin == SPM_HOST_ORIGIN_UNKNOWN)
        dax->origin_why = "the device's place in sysfs is none that is known";
}

/* The driver: what the device's link says, else the driver that lists the
 * device (captures without the link). */
static void
read_driver(SpmHostDax *dax, SpmHostRoot *root)
{
    static const struct {
        const char *driver;
        SpmHostDaxMode mode;
    } modes[] = {
        { "kmem", SPM_HOST_DAX_SYSTEM_RAM },
        { "device_dax", SPM_HOST_DAX_DEVDAX },
        { "fsdev_dax", SPM_HOST_DAX_FAMFS },
    };
    g_autofree char *path = g_strdup_printf(DAX_DIR "/%s/driver", dax->name);

    dax->driver = spm_host_read_link_name(root, path, NULL);
    for (guint i = 0; !dax->driver && i < G_N_ELEMENTS(modes); i++) {
        g_autofree char *listed = g_strdup_printf(DAX_DRIVERS "/%s/%s", modes[i].driver, dax->name);

        if (spm_host_exists(root, listed))
            dax->driver = g_strdup(modes[i].driver);
    }
    dax->mode = dax->driver ? SPM_HOST_DAX_UNKNOWN : SPM_HOST_DAX_UNBOUND;
    for (guint i = 0; dax->driver && i < G_N_ELEMENTS(modes); i++) {
        if (g_str_equal(dax->driver, modes[i].driver))
            dax->mode = modes[i].mode;
    }
}

static SpmHostDax *
read_device(SpmHostRoot *root, const char *name)
{
    SpmHostDax *dax = g_new0(SpmHostDax, 1);
    char path[SPM_HOST_PATH_ROOM];
#define ATTR(attr) (g_snprintf(path, sizeof path, DAX_DIR "/%s/%s", name, attr), path)

    dax->name = g_strdup(name);
    dax->size = spm_host_read_number(root, ATTR("size"), SPM_HOST_NUMBER_DECIMAL, 5001);
    dax->resource = spm_host_read_number(root, ATTR("resource"), SPM_HOST_NUMBER_HEX, 5003);
    if (dax->resource.known && dax->resource.value == 0)
        dax->resource = spm_host_unknown("the kernel says 0 (not root)");
    dax->align = spm_host_read_number(root, ATTR("align"), SPM_HOST_NUMBER_DECIMAL, 5010);
    if (!dax->align.known) {
        SpmHostValue region = spm_host_read_number(root, ATTR("../dax_region/align"), SPM_HOST_NUMBER_DECIMAL, 0);

        if (region.known)
            dax->align = region;
    }
    if (dax->align.known && dax->align.value == 0)
        dax->align = spm_host_unknown("the kernel says 0");
    dax->target_node = spm_host_read_node_number(root, ATTR("target_node"), 5001);
    dax->numa_node = spm_host_read_node_number(root, ATTR("numa_node"), 5005);
#undef ATTR
    read_origin(dax, root);
    read_driver(dax, root);
    return dax;
}

void
spm_host_read_dax(SpmHost *host, SpmHostRoot *root)
{
    const char *why = NULL;
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, DAX_DIR, &why);

    if (!names)
        host->dax_why = why == SPM_HOST_ABSENT ? "the kernel has no dax bus: module dax is not loaded" : why;
    for (guint i = 0; names && i < names->len && host->dax->len < DAX_MAX; i++) {
        const char *name = g_ptr_array_index(names, i);

        if (is_dax_name(name))
            g_ptr_array_add(host->dax, read_device(root, name));
    }
}
