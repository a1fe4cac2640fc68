/*
 * Questions about stock documents (see qemu_domain.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "qemu/qemu_domain.h"
#include "qemu/qemu_raise.h"
#include "qemu/qemu_xmlns.h"
#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"
#include "util/spm_xml.h"

static gboolean
attr_mentions(const xmlNode *node, const char *word)
{
    g_autofree char *value = spm_xml_attr(node, "value");

    return value && strstr(value, word);
}

/* Any element of libvirt's QEMU namespace whose value names the device. */
static gboolean
mentions_sp_mem(const xmlNode *node)
{
    if (spm_xml_is_ns(node, NULL, SPM_QEMU_NS) && attr_mentions(node, SPM_QEMU_DEVICE))
        return TRUE;
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && mentions_sp_mem(child))
            return TRUE;
    }
    return FALSE;
}

gboolean
spm_domain_holds_sp_mem(const char *xml, gsize length)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);

    return !doc || mentions_sp_mem(xmlDocGetRootElement(doc));
}

gboolean
spm_domain_memory(const char *xml, gsize length, guint64 *ordinary, guint64 *spm)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *memory = spm_xml_child(domain, "memory");
    g_autofree char *text = spm_xml_text(memory);
    g_autofree char *unit = memory ? spm_xml_attr(memory, "unit") : NULL;
    g_autoptr(GPtrArray) devices = NULL;
    guint64 total;
    gboolean all;

    if (!memory || !spm_size_parse(text, unit, &total, NULL))
        return FALSE;
    *spm = 0;
    devices = spm_raise_find_devices(domain, &all);
    for (guint i = 0; i < devices->len; i++)
        *spm += MIN(((SpmRaisedDevice *)devices->pdata[i])->device->size, G_MAXUINT64 - *spm);
    if (*spm > total)
        return FALSE;
    *ordinary = total - *spm;
    return TRUE;
}

gboolean
spm_domain_is_lowering_a(const char *xml, gsize length)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);
    g_autoptr(GPtrArray) devices = NULL;
    gboolean all;

    if (!doc)
        return FALSE;
    devices = spm_raise_find_devices(xmlDocGetRootElement(doc), &all);
    return devices->len == 0 ||
           ((SpmRaisedDevice *)devices->pdata[0])->lowering == SPM_LOWERING_A;
}

gboolean
spm_domain_alias_is_spm(const char *alias, guint *cell)
{
    return spm_qemu_alias_parse(alias, cell);
}

static gboolean
same_source(const SpmMemoryDevice *a, const SpmMemoryDevice *b)
{
    if (a->page_size != b->page_size || !a->host_nodes != !b->host_nodes)
        return FALSE;
    return !a->host_nodes || spm_nodeset_equal(a->host_nodes, b->host_nodes);
}

/* Is @named, of a client's document, what libvirt would take for @device? */
static gboolean
could_be(const SpmMemoryDevice *named, const SpmRaisedDevice *raised)
{
    const SpmMemoryDevice *device = raised->device;

    /* Nothing but the cell's own memory lies in an SPM cell. */
    if (named->target == (int)raised->cell)
        return TRUE;
    return named->target == device->target && named->size == device->size &&
           g_str_equal(named->model, device->model) && same_source(named, device);
}

gboolean
spm_domain_device_is_spm(const char *xml, gsize length, const char *device, gsize device_length,
                         guint *cell)
{
    g_autoptr(xmlDoc) device_doc = spm_xml_parse(device, device_length, NULL);
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(SpmMemoryDevice) named = NULL;
    g_autoptr(GPtrArray) devices = NULL;
    xmlNode *root = device_doc ? xmlDocGetRootElement(device_doc) : NULL;
    gboolean all;

    if (!spm_xml_is(root, "memory") || !(named = spm_memory_device_parse(root, NULL)))
        return FALSE;
    if (spm_qemu_alias_parse(named->alias, cell))
        return TRUE;
    if (!(doc = spm_xml_parse(xml, length, NULL)))
        return FALSE;
    devices = spm_raise_find_devices(xmlDocGetRootElement(doc), &all);
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];

        if (could_be(named, raised)) {
            *cell = raised->cell;
            return TRUE;
        }
    }
    return FALSE;
}

/* @xml with @element on lines of its own before the first <devices>; what is
 * there stays as it is, byte for byte. NULL without such an element. */
static char *
before_devices(const char *xml, gsize length, const char *element)
{
    static const char start[] = "<devices";
    const char *place = g_strstr_len(xml, (gssize)length, start);
    GString *text;

    if (!place)
        return NULL;
    text = g_string_new_len(xml, place - xml);
    spm_string_append_printf(text, "%s\n  ", element);
    g_string_append_len(text, place, (gssize)length - (place - xml));
    return g_string_free(text, FALSE);
}

char *
spm_domain_capabilities_extend(const char *xml, gsize length, const SpmQemuCaps *qemu,
                               GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *devices = spm_xml_child(root, "devices");
    g_autofree char *element = NULL;
    char *result = NULL;
    xmlNode *numa;
    xmlNode *list;
    char quote;

    if (!doc)
        return NULL;
    if (!spm_xml_is(root, "domainCapabilities"))
        return g_strndup(xml, length);
    numa = spm_xml_add(root, devices, NULL, "numa", NULL);
    spm_xml_set_attr(numa, "supported", "yes");
    list = spm_xml_add(numa, NULL, NULL, "enum", NULL);
    spm_xml_set_attr(list, "name", "memmapType");
    spm_xml_add(list, NULL, NULL, "value", spm_memmap_type_name(SPM_MEMMAP_NORMAL));
    if (qemu && qemu->sp_mem)
        spm_xml_add(list, NULL, NULL, "value", spm_memmap_type_name(SPM_MEMMAP_SPM));
    quote = spm_xml_quote(xml, length);
    element = spm_xml_format_node(numa, quote);
    if (devices)
        result = before_devices(xml, length, element);
    return result ? result : spm_xml_format(doc, quote);
}
