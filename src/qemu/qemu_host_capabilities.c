/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_host_capabilities.h"

#include "conf/numa_conf.h"
#include "host/host_classify.h"
#include "util/spm_memory.h"
#include "util/spm_xml.h"

char *
spm_host_capabilities_emulator(const char *xml, gsize length)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    for (const xmlNode *guest = spm_xml_child(root, "guest"); guest;
         guest = spm_xml_next(guest, "guest")) {
        const xmlNode *arch = spm_xml_child(guest, "arch");
        g_autofree char *name = arch ? spm_xml_attr(arch, "name") : NULL;

        if (g_strcmp0(name, "x86_64") == 0)
            return spm_xml_text(spm_xml_child(arch, "emulator"));
    }
    return NULL;
}

static void
add_values(xmlNode *spm, const SpmQemuCaps *qemu)
{
    xmlNode *list = spm_xml_add(spm, NULL, NULL, "enum", NULL);

    spm_xml_set_attr(list, "name", "memmapType");
    if (qemu->binary)
        spm_xml_set_attr(list, "emulator", qemu->binary);
    spm_xml_add(list, NULL, NULL, "value", spm_memmap_type_name(SPM_MEMMAP_NORMAL));
    if (qemu->sp_mem)
        spm_xml_add(list, NULL, NULL, "value", spm_memmap_type_name(SPM_MEMMAP_SPM));
}

/* Other nodes can be named in a <memnode>, too; these are what the cells are for. */
static gboolean
is_told(const SpmHostNode *node)
{
    return spm_host_class_is_spm(node->klass) && node->usable != SPM_HOST_USABLE_NO;
}

static gboolean
has_node(const SpmHost *host)
{
    for (guint i = 0; host && i < host->nodes->len; i++) {
        if (is_told(host->nodes->pdata[i]))
            return TRUE;
    }
    return FALSE;
}

static void
add_node(xmlNode *spm, const SpmHostNode *node)
{
    g_autofree char *id = spm_strdup_printf("%u", node->id);
    xmlNode *element = spm_xml_add(spm, NULL, NULL, "node", NULL);

    spm_xml_set_attr(element, "id", id);
    spm_xml_set_attr(element, "class", spm_host_class_name(node->klass));
    spm_xml_set_attr(element, "backing", spm_host_usable_name(node->usable));
    spm_xml_set_attr(element, "ready", node->ready ? "yes" : "no");
}

char *
spm_host_capabilities_extend(const char *xml, gsize length, const SpmHost *host,
                             const SpmQemuCaps *qemu, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *parent = spm_xml_is(root, "capabilities") ? spm_xml_child(root, "host") : NULL;
    xmlNode *spm;

    if (!doc)
        return NULL;
    if (!parent || (!qemu && !has_node(host)))
        return g_strndup(xml, length);
    spm = spm_xml_add(parent, NULL, NULL, "spm", NULL);
    if (qemu)
        add_values(spm, qemu);
    for (guint i = 0; host && i < host->nodes->len; i++) {
        if (is_told(host->nodes->pdata[i]))
            add_node(spm, host->nodes->pdata[i]);
    }
    return spm_xml_format(doc, spm_xml_quote(xml, length));
}
