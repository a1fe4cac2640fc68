/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt_style.h"

#include <string.h>

#include "util/spm_size.h"
#include "util/spm_xml.h"

static void
drop(xmlNode *node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

static gboolean
is_blank(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/* Comments and the white space between elements, outside <metadata>. */
static void
drop_what_says_nothing(xmlNode *parent)
{
    xmlNode *child = parent->children;
    gboolean has_elements = spm_xml_child_ns(parent, NULL, NULL) || !parent->children;

    while (child) {
        xmlNode *next = child->next;

        if (child->type == XML_COMMENT_NODE || (is_blank(child) && has_elements))
            drop(child);
        else if (child->type == XML_ELEMENT_NODE && !spm_xml_is(child, "metadata"))
            drop_what_says_nothing(child);
        child = next;
    }
}

static char *
in_kib(const char *text, const char *unit)
{
    guint64 bytes;

    g_assert_true(spm_size_parse(text, unit, &bytes, NULL));
    return g_strdup_printf("%" G_GUINT64_FORMAT, bytes / SPM_KIB + (bytes % SPM_KIB != 0));
}

static void
text_in_kib(xmlNode *node)
{
    g_autofree char *text = node ? spm_xml_text(node) : NULL;
    g_autofree char *unit = node ? spm_xml_attr(node, "unit") : NULL;
    g_autofree char *kib = text ? in_kib(text, unit) : NULL;

    if (!node)
        return;
    spm_xml_set_text(node, kib);
    spm_xml_set_attr(node, "unit", "KiB");
}

static void
attr_in_kib(xmlNode *node, const char *name)
{
    g_autofree char *text = spm_xml_attr(node, name);
    g_autofree char *unit = spm_xml_attr(node, "unit");
    g_autofree char *kib = in_kib(text, unit);

    spm_xml_set_attr(node, name, kib);
    spm_xml_set_attr(node, "unit", "KiB");
}

static void
style_backing(xmlNode *domain)
{
    xmlNode *backing = spm_xml_child(domain, "memoryBacking");

    for (xmlNode *page = spm_xml_child(spm_xml_child(backing, "hugepages"), "page"); page;
         page = spm_xml_next(page, "page"))
        attr_in_kib(page, "size");
}

static guint64
id_of(const xmlNode *cell)
{
    g_autofree char *text = spm_xml_attr(cell, "id");
    guint64 id = 0;

    g_assert_true(text && spm_parse_uint64(text, &id));
    return id;
}

/* libvirt keeps cells by id, and puts the links behind them. */
static void
style_cells(xmlNode *domain)
{
    xmlNode *numa = spm_xml_child(spm_xml_child(domain, "cpu"), "numa");
    guint position = 0;
    guint count;

    for (xmlNode *cell = spm_xml_child(numa, "cell"); cell; cell = spm_xml_next(cell, "cell")) {
        g_autofree char *id = g_strdup_printf("%u", position++);

        if (!spm_xml_has_attr(cell, "id"))
            spm_xml_set_attr(cell, "id", id);
        attr_in_kib(cell, "memory");
    }
    count = position;
    for (guint id = 0; numa && id < 64 && count > 0; id++) {
        for (xmlNode *cell = spm_xml_child(numa, "cell"); cell; cell = spm_xml_next(cell, "cell")) {
            if (id_of(cell) != id)
                continue;
            xmlUnlinkNode(cell);
            xmlAddChild(numa, cell);
            count--;
            break;
        }
    }
    if (spm_xml_child(numa, "interconnects")) {
        xmlNode *links = spm_xml_child(numa, "interconnects");

        xmlUnlinkNode(links);
        xmlAddChild(numa, links);
    }
}

static void
style_devices(xmlNode *domain)
{
    xmlNode *devices = spm_xml_child(domain, "devices");
    guint slot = 0;

    for (xmlNode *memory = spm_xml_child(devices, "memory"); memory;
         memory = spm_xml_next(memory, "memory")) {
        xmlNode *source = spm_xml_child(memory, "source");
        xmlNode *nodes = spm_xml_child(source, "nodemask");
        xmlNode *address = xmlNewChild(memory, NULL, BAD_CAST "address", NULL);
        g_autofree char *number = g_strdup_printf("%u", slot++);

        text_in_kib(spm_xml_child(source, "pagesize"));
        text_in_kib(spm_xml_child(spm_xml_child(memory, "target"), "size"));
        if (nodes && nodes != source->children) {
            xmlUnlinkNode(nodes);
            xmlAddPrevSibling(source->children, nodes);
        }
        spm_xml_set_attr(address, "type", "dimm");
        spm_xml_set_attr(address, "slot", number);
    }
}

static void
order_elements(xmlNode *domain)
{
    static const char *const order[] = {
        "name", "title", "metadata", "maxMemory", "memory", "currentMemory", "memoryBacking", "vcpu",
        "numatune", "os", "features", "cpu", "devices", "commandline", "capabilities", "override",
    };

    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        xmlNode *child = domain->children;

        while (child && !(child->type == XML_ELEMENT_NODE && xmlStrEqual(child->name, BAD_CAST order[i])))
            child = child->next;
        if (child) {
            xmlUnlinkNode(child);
            xmlAddChild(domain, child);
        }
    }
}

char *
libvirt_style(const char *xml)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);
    xmlNode *domain = xmlDocGetRootElement(doc);

    drop_what_says_nothing(domain);
    text_in_kib(spm_xml_child(domain, "maxMemory"));
    text_in_kib(spm_xml_child(domain, "memory"));
    text_in_kib(spm_xml_child(domain, "currentMemory"));
    style_backing(domain);
    style_cells(domain);
    style_devices(domain);
    order_elements(domain);
    return spm_xml_format(doc, '\'');
}
