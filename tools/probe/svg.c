/*
 * svg.c: a host as one would sketch it on a whiteboard
 *
 * Every node with CPUs is a package: a frame, the CPUs as a bar on top, below
 * it the node's own memory and that of the nodes without CPUs that are nearest
 * to it, below these the accelerators. The wider the line from the CPUs, the
 * higher the bandwidth. Packages flow from left to right, line by line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/probe.h"
#include "probe/svg_draw.h"
#include "probe/svg_package.h"
#include "util/spm_size.h"

enum {
    MARGIN = 24,
    GAP = 16,
    NODE_WIDTH = 248,
    NODE_LINE = 19,   /* one line of text in a node */
    CHIP_HEIGHT = 26, /* a device or domain in a node */
    CPU_HEIGHT = 34,
    LINK = 30,        /* from the CPUs to the memory */
    REACH = 28,       /* from the memory to the accelerators */
    ACCELERATOR_HEIGHT = 46,
    COLUMNS = 4,      /* nodes side by side */
    HEADER = 96,
};

#define INK "#222222"
#define PALE "#666666"

static const char *const fills[] = {
    [SPM_HOST_CLASS_DRAM] = "#dbe9f6",          [SPM_HOST_CLASS_HBM] = "#ffd9a8",
    [SPM_HOST_CLASS_FAR] = "#e4dff2",           [SPM_HOST_CLASS_PMEM] = "#d5ecd0",
    [SPM_HOST_CLASS_GPU] = "#c9e7e3",           [SPM_HOST_CLASS_UNCLAIMED_SPM] = "#fff3b0",
    [SPM_HOST_CLASS_NONE] = "#f2f2f2",
};

typedef struct {
    const SpmHost *host;
    const GPtrArray *usages;
    GString *lines, *shapes; /* lines are drawn first: they lie below */
} Drawing;

static gboolean
feeds(const SpmHostDax *dax, const SpmHostNode *node)
{
    return dax->target_node.known && dax->target_node.value == node->id;
}

static guint
count_chips(const Drawing *drawing, const SpmHostNode *node)
{
    guint count = 0;

    for (guint i = 0; i < drawing->host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(drawing->host->dax, i);

        if (!feeds(dax, node))
            continue;
        count++;
        for (guint j = 0; drawing->usages && j < drawing->usages->len; j++)
            count += spm_probe_usage_on_device(g_ptr_array_index(drawing->usages, j), dax->name);
    }
    for (guint j = 0; drawing->usages && j < drawing->usages->len; j++)
        count += spm_probe_usage_on_node(g_ptr_array_index(drawing->usages, j), node->id);
    return count;
}

static guint
node_height(const Drawing *drawing, const SpmHostNode *node)
{
    return 24 + 4 * NODE_LINE + count_chips(drawing, node) * (CHIP_HEIGHT + 4);
}

static void G_GNUC_PRINTF(5, 6)
node_text(const Drawing *drawing, guint x, guint y, const char *colour, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    spm_svg_text(drawing->shapes, x + 12, y, NODE_WIDTH - 24, 13, "normal", colour, text);
}

static void
chip(const Drawing *drawing, guint x, guint *y, const char *fill, const char *text)
{
    const SpmSvgStyle style = { .fill = fill, .stroke = PALE, .radius = 6 };

    spm_svg_rect(drawing->shapes, x + 10, *y, NODE_WIDTH - 20, CHIP_HEIGHT, &style);
    spm_svg_text(drawing->shapes, x + 18, *y + 18, NODE_WIDTH - 36, 12, "normal", INK, text);
    *y += CHIP_HEIGHT + 4;
}

static void
usage_chip(const Drawing *drawing, guint x, guint *y, const SpmProbeUsage *usage)
{
    gboolean several = spm_nodeset_count(usage->nodes) > 1;
    g_autofree char *text = g_strdup_printf("%.2f GiB%s  %s", (double)usage->bytes / (double)SPM_GIB,
                                            several ? " on several" : "", usage->domain);

    chip(drawing, x, y, "#ffffff", text);
}

static void
draw_chips(const Drawing *drawing, const SpmHostNode *node, guint x, guint y)
{
    for (guint i = 0; i < drawing->host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(drawing->host->dax, i);
        g_autofree char *size = spm_probe_gib(&dax->size);
        g_autofree char *text = g_strdup_printf("%s  %s GiB  %s", dax->name, size, spm_host_dax_mode_name(dax->mode));

        if (!feeds(dax, node))
            continue;
        chip(drawing, x, &y, "#e8e8e8", text);
        for (guint j = 0; drawing->usages && j < drawing->usages->len; j++) {
            if (spm_probe_usage_on_device(g_ptr_array_index(drawing->usages, j), dax->name))
                usage_chip(drawing, x, &y, g_ptr_array_index(drawing->usages, j));
        }
    }
    for (guint j = 0; drawing->usages && j < drawing->usages->len; j++) {
        if (spm_probe_usage_on_node(g_ptr_array_index(drawing->usages, j), node->id))
            usage_chip(drawing, x, &y, g_ptr_array_index(drawing->usages, j));
    }
}

/* "2M 16/16  1G 0/2": free and all. */
static char *
hugepage_words(const SpmHostNode *node)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);
        g_autofree char *size = spm_probe_short_size(pages->size);

        if (pages->free.known && pages->total.known && pages->total.value)
            g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, text->len ? "  " : "", size,
                                   pages->free.value, pages->total.value);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
draw_node(const Drawing *drawing, const SpmHostNode *node, guint x, guint y, guint height)
{
    gboolean unclaimed = node->klass == SPM_HOST_CLASS_UNCLAIMED_SPM;
    const SpmSvgStyle style = { .fill = fills[node->klass], .stroke = INK, .radius = 8, .dashed = unclaimed };
    g_autofree char *title = g_strdup_printf("node %u   %s%s%s", node->id, spm_host_class_name(node->klass),
                                             node->confidence == SPM_HOST_CONFIDENCE_LOW ? "?" : "",
                                             node->overridden ? " (configured)" : "");
    g_autofree char *total = spm_probe_gib(&node->total);
    g_autofree char *free = spm_probe_gib(&node->free);
    g_autofree char *bandwidth = spm_probe_bandwidth(&node->bandwidth);
    g_autofree char *pages = hugepage_words(node);

    spm_svg_rect(drawing->shapes, x, y, NODE_WIDTH, height, &style);
    spm_svg_text(drawing->shapes, x + 12, y + 22, NODE_WIDTH - 24, 15, "bold", INK, title);
    y += 22 + NODE_LINE;
    if (node->total.known && node->total.value)
        node_text(drawing, x, y, INK, "%s GiB, %s free", total, free);
    else
        node_text(drawing, x, y, PALE, "%s", node->total.known ? "no system RAM" : "no system RAM (not online)");
    y += NODE_LINE;
    if (node->bandwidth.known && node->latency.known)
        node_text(drawing, x, y, INK, "%s, %" G_GUINT64_FORMAT " ns", bandwidth, node->latency.value);
    else
        node_text(drawing, x, y, node->bandwidth.known ? INK : PALE, "%s",
                  node->bandwidth.known ? bandwidth : "speed unknown");
    y += NODE_LINE;
    node_text(drawing, x, y, *pages ? INK : PALE, "%s%s", *pages ? "hugepages " : "no hugepages", pages);
    draw_chips(drawing, node, x, y + 10);
}

/* In proportion to the fastest: 16 pixels; 1 for unknown. */
static guint
link_width(const Drawing *drawing, const SpmHostNode *node)
{
    guint64 most = 1;

    for (guint i = 0; i < drawing->host->nodes->len; i++) {
        const SpmHostValue *bandwidth = &((const SpmHostNode *)g_ptr_array_index(drawing->host->nodes, i))->bandwidth;

        if (bandwidth->known)
            most = MAX(most, bandwidth->value);
    }
    return node->bandwidth.known ? 2 + (guint)(14 * node->bandwidth.value / most) : 1;
}

static void
draw_accelerator(const Drawing *drawing, const SpmHostAccelerator *device, guint x, guint y)
{
    const SpmSvgStyle style = { .fill = "#f9d5dc", .stroke = INK, .radius = 14 };
    g_autofree char *nodes = spm_nodeset_format(device->spm_nodes);
    g_autofree char *first =
        g_strdup_printf("%s  %04x:%04x", device->address, (guint)(device->vendor.value & 0xffff),
                        (guint)(device->device.value & 0xffff));
    g_autofree char *second = g_strdup_printf("%s%s%s", device->driver ? device->driver : "no driver",
                                              *nodes ? ", memory: node " : "", nodes);

    spm_svg_rect(drawing->shapes, x, y, NODE_WIDTH, ACCELERATOR_HEIGHT, &style);
    spm_svg_text(drawing->shapes, x + 14, y + 19, NODE_WIDTH - 28, 13, "bold", INK, first);
    spm_svg_text(drawing->shapes, x + 14, y + 37, NODE_WIDTH - 28, 12, "normal", INK, second);
}

static guint
package_columns(const SpmSvgPackage *package)
{
    guint most = MAX(package->nodes->len, package->accelerators->len);

    return CLAMP(most, 1, COLUMNS);
}

/* From an accelerator up to its memory, where that is in the last row above. */
static void
link_accelerator(const Drawing *drawing, const SpmSvgPackage *package, const SpmHostAccelerator *device, guint column, guint x,
                 guint y)
{
    guint columns = package_columns(package);
    guint last = package->nodes->len ? (package->nodes->len - 1) / columns * columns : 0;

    for (guint i = last; i < package->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(package->nodes, i);

        if (spm_nodeset_has(device->spm_nodes, node->id))
            spm_svg_line(drawing->lines, x + column * (NODE_WIDTH + GAP) + NODE_WIDTH / 2, y,
                         x + (i - last) * (NODE_WIDTH + GAP) + NODE_WIDTH / 2, y - REACH, "#c0304f", 3, FALSE);
    }
}

static guint
package_width(const SpmSvgPackage *package)
{
    return package_columns(package) * (NODE_WIDTH + GAP) + GAP;
}

static guint
row_height(const Drawing *drawing, const GPtrArray *nodes, guint from, guint columns)
{
    guint height = 0;

    for (guint i = from; i < MIN(from + columns, nodes->len); i++)
        height = MAX(height, node_height(drawing, g_ptr_array_index(nodes, i)));
    return height;
}

static guint
package_height(const Drawing *drawing, const SpmSvgPackage *package)
{
    guint columns = package_columns(package), height = GAP + CPU_HEIGHT + LINK;

    for (guint i = 0; i < package->nodes->len; i += columns)
        height += row_height(drawing, package->nodes, i, columns) + GAP;
    if (package->accelerators->len)
        height += REACH - GAP + (package->accelerators->len + columns - 1) / columns * (ACCELERATOR_HEIGHT + GAP);
    return height;
}

static void
draw_cpus(const Drawing *drawing, const SpmSvgPackage *package, guint x, guint y)
{
    const SpmSvgStyle style = { .fill = "#444444", .stroke = INK, .radius = 4 };
    guint width = package_width(package) - 2 * GAP;
    g_autofree char *list = package->cpus ? spm_nodeset_format(package->cpus->cpus) : NULL;
    g_autofree char *text = NULL;

    if (!package->cpus) {
        spm_svg_text(drawing->shapes, x, y + 22, width, 14, "bold", PALE, "no CPUs known nearby");
        return;
    }
    text = g_strdup_printf("%u CPUs: %s", spm_nodeset_count(package->cpus->cpus), list);
    spm_svg_rect(drawing->shapes, x, y, width, CPU_HEIGHT, &style);
    spm_svg_text(drawing->shapes, x + 12, y + 22, width - 24, 14, "bold", "#ffffff", text);
}

static void
draw_package(const Drawing *drawing, const SpmSvgPackage *package, guint x, guint y, guint height)
{
    const SpmSvgStyle frame = { .fill = "#fbfbfb", .stroke = PALE, .radius = 12, .dashed = package->cpus == NULL };
    guint columns = package_columns(package), bar;

    spm_svg_rect(drawing->lines, x, y, package_width(package), height, &frame);
    x += GAP;
    y += GAP;
    draw_cpus(drawing, package, x, y);
    bar = y + CPU_HEIGHT;
    y = bar + LINK;
    for (guint i = 0; i < package->nodes->len; i += columns) {
        guint row = row_height(drawing, package->nodes, i, columns);

        for (guint j = i; j < MIN(i + columns, package->nodes->len); j++) {
            const SpmHostNode *node = g_ptr_array_index(package->nodes, j);
            guint left = x + (j - i) * (NODE_WIDTH + GAP);

            /* Rows below the first have their line in the gap between boxes. */
            if (package->cpus && i == 0)
                spm_svg_line(drawing->lines, left + NODE_WIDTH / 2, bar, left + NODE_WIDTH / 2, y, PALE,
                             link_width(drawing, node), node->klass == SPM_HOST_CLASS_UNCLAIMED_SPM);
            draw_node(drawing, node, left, y, row);
        }
        y += row + GAP;
    }
    y += REACH - GAP;
    for (guint i = 0; i < package->accelerators->len; i++) {
        const SpmHostAccelerator *device = g_ptr_array_index(package->accelerators, i);

        if (i < columns)
            link_accelerator(drawing, package, device, i, x, y);
        draw_accelerator(drawing, device, x + i % columns * (NODE_WIDTH + GAP), y);
        if (i % columns == columns - 1)
            y += ACCELERATOR_HEIGHT + GAP;
    }
}

static void
draw_header(const Drawing *drawing, guint width)
{
    g_autofree char *online = spm_nodeset_format(drawing->host->online);
    g_autofree char *title = g_strdup_printf("Memory of this host: nodes %s online, Linux %u.%u", online,
                                             drawing->host->kernel / 1000, drawing->host->kernel % 1000);
    guint x = MARGIN;

    spm_svg_text(drawing->shapes, MARGIN, MARGIN + 16, width - 2 * MARGIN, 20, "bold", INK, title);
    for (guint i = 0; i <= SPM_HOST_CLASS_LAST; i++) {
        const SpmSvgStyle style = { .fill = fills[i], .stroke = INK, .radius = 3,
                                    .dashed = i == SPM_HOST_CLASS_UNCLAIMED_SPM };
        const char *name = spm_host_class_name((SpmHostClass)i);

        spm_svg_rect(drawing->shapes, x, MARGIN + 36, 16, 16, &style);
        spm_svg_text(drawing->shapes, x + 22, MARGIN + 49, 120, 13, "normal", INK, name);
        x += i == SPM_HOST_CLASS_UNCLAIMED_SPM ? 140 : 80;
    }
}

char *
spm_probe_svg(const SpmHost *host, const GPtrArray *usages)
{
    g_autoptr(GPtrArray) packages = spm_svg_packages(host);
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GString) shapes = g_string_new(NULL);
    const Drawing drawing = { .host = host, .usages = usages, .lines = lines, .shapes = shapes };
    guint limit = COLUMNS * (NODE_WIDTH + GAP) + GAP + GAP; /* two packages of two */
    guint x = 0, y = HEADER, width = 680, row = 0;

    for (guint i = 0; i < packages->len; i++) {
        const SpmSvgPackage *package = g_ptr_array_index(packages, i);
        guint height = package_height(&drawing, package);

        if (package->nodes->len + package->accelerators->len == 0)
            continue;
        if (x > 0 && x + package_width(package) > limit + GAP) {
            x = 0;
            y += row + GAP;
            row = 0;
        }
        draw_package(&drawing, package, MARGIN + x, y, height);
        x += package_width(package) + GAP;
        width = MAX(width, x - GAP);
        row = MAX(row, height);
    }
    draw_header(&drawing, width + 2 * MARGIN);
    g_string_append(lines, shapes->str);
    return spm_svg_document(lines, width + 2 * MARGIN, y + row + MARGIN);
}
