/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_xmlns.h"

#include <libxml/tree.h>

#include "qemu/qemu_record.h"
#include "util/spm_memory.h"

static const char *const containers[] = { "capabilities", "override", "commandline" };

/* Can elements carry this prefix? A default namespace would do for XML, but nobody
 * writes a domain that way. libxml2 takes a declaration of "a:b" with a mere
 * warning, and then reads <a:b:name> as a name without a namespace. */
static gboolean
is_usable(const xmlNs *ns)
{
    return ns->prefix && xmlValidateNCName(ns->prefix, 0) == 0;
}

static xmlNs *
declare(xmlNode *domain, xmlNode *record)
{
    xmlNs *made = NULL;

    for (xmlNs *ns = domain->nsDef; ns; ns = ns->next) {
        if (is_usable(ns) && xmlStrEqual(ns->href, BAD_CAST SPM_QEMU_NS))
            return ns;
    }
    /* Without the namespace our elements would mean nothing, and the device would
     * be ordinary memory: there is always one more prefix to try. */
    for (guint i = 0; !made; i++) {
        g_autofree char *prefix = i == 0 ? g_strdup("qemu") : spm_strdup_printf("virtspm-qemu-%u", i);

        /* What lowering has taken out is in the record, and will be below the domain
         * again. */
        if (!spm_xml_uses_unbound(domain, prefix) && !spm_xml_uses_unbound(record, prefix))
            made = xmlNewNs(domain, BAD_CAST SPM_QEMU_NS, BAD_CAST prefix);
    }
    spm_record_set_added(record, "xmlns");
    return made;
}

/* What goes in takes the container's own namespace: the prefix declared for the
 * domain may mean something else in there. */
static xmlNode *
container(xmlNode *domain, xmlNode *record, const char *name)
{
    xmlNode *found = spm_xml_child_ns(domain, name, SPM_QEMU_NS);

    if (!found) {
        found = spm_xml_add(domain, NULL, declare(domain, record), name, NULL);
        spm_record_set_added(record, name);
    }
    return found;
}

void
spm_qemu_xmlns_add_override(xmlNode *domain, xmlNode *record, SpmLowering lowering, guint cell)
{
    g_autoptr(GPtrArray) properties = spm_qemu_override(lowering, cell);
    g_autofree char *alias = spm_qemu_alias(cell);
    xmlNode *override = container(domain, record, "override");
    xmlNode *device = spm_xml_add(override, NULL, override->ns, "device", NULL);
    xmlNode *frontend = spm_xml_add(device, NULL, override->ns, "frontend", NULL);

    spm_xml_set_attr(device, "alias", alias);
    for (guint i = 0; i < properties->len; i++) {
        const SpmQemuProperty *property = properties->pdata[i];
        xmlNode *node = spm_xml_add(frontend, NULL, override->ns, "property", NULL);

        spm_xml_set_attr(node, "name", property->name);
        spm_xml_set_attr(node, "type", property->type);
        if (property->value)
            spm_xml_set_attr(node, "value", property->value);
    }
}

void
spm_qemu_xmlns_add_arguments(xmlNode *domain, xmlNode *record, const GPtrArray *arguments)
{
    xmlNode *commandline;

    if (arguments->len == 0)
        return;
    commandline = container(domain, record, "commandline");
    for (guint i = 0; i < arguments->len; i++) {
        xmlNode *arg = spm_xml_add(commandline, NULL, commandline->ns, "arg", NULL);

        spm_xml_set_attr(arg, "value", arguments->pdata[i]);
    }
}

static xmlNode *
find_deleted(const xmlNode *domain, const char *capability)
{
    const xmlNode *parent = spm_xml_child_ns(domain, "capabilities", SPM_QEMU_NS);
    xmlNode *node = spm_xml_child_ns(parent, "del", SPM_QEMU_NS);

    while (node && !spm_xml_attr_is(node, "capability", capability))
        node = spm_xml_next_ns(node, "del", SPM_QEMU_NS);
    return node;
}

void
spm_qemu_xmlns_delete_capability(xmlNode *domain, xmlNode *record, const char *capability)
{
    xmlNode *parent;
    xmlNode *node;

    if (find_deleted(domain, capability))
        return;
    parent = container(domain, record, "capabilities");
    node = spm_xml_add(parent, NULL, parent->ns, "del", NULL);
    spm_xml_set_attr(node, "capability", capability);
    spm_record_set_added(record, capability);
}

void
spm_qemu_xmlns_restore_capability(xmlNode *domain, const xmlNode *record, const char *capability)
{
    xmlNode *node = find_deleted(domain, capability);

    if (node && spm_record_has_added(record, capability))
        spm_xml_remove(node);
}

xmlNode *
spm_qemu_xmlns_find_override(const xmlNode *domain, const char *alias)
{
    const xmlNode *parent = spm_xml_child_ns(domain, "override", SPM_QEMU_NS);
    xmlNode *node = spm_xml_child_ns(parent, "device", SPM_QEMU_NS);

    while (node && !spm_xml_attr_is(node, "alias", alias))
        node = spm_xml_next_ns(node, "device", SPM_QEMU_NS);
    return node;
}

static xmlNode *
find_property(const xmlNode *device, const char *name)
{
    const xmlNode *frontend = spm_xml_child_ns(device, "frontend", SPM_QEMU_NS);
    xmlNode *node = spm_xml_child_ns(frontend, "property", SPM_QEMU_NS);

    while (node && !spm_xml_attr_is(node, "name", name))
        node = spm_xml_next_ns(node, "property", SPM_QEMU_NS);
    return node;
}

char *
spm_qemu_xmlns_override_value(const xmlNode *device, const char *property)
{
    const xmlNode *node = find_property(device, property);

    return node ? spm_xml_attr(node, "value") : NULL;
}

gboolean
spm_qemu_xmlns_override_is_ours(const xmlNode *device, SpmLowering lowering, guint cell)
{
    g_autoptr(GPtrArray) properties = spm_qemu_override(lowering, cell);
    const xmlNode *frontend = spm_xml_child_ns(device, "frontend", SPM_QEMU_NS);
    guint count = 0;

    for (const xmlNode *node = spm_xml_child_ns(frontend, "property", SPM_QEMU_NS); node;
         node = spm_xml_next_ns(node, "property", SPM_QEMU_NS))
        count++;
    if (count != properties->len)
        return FALSE;
    for (guint i = 0; i < properties->len; i++) {
        const SpmQemuProperty *property = properties->pdata[i];
        const xmlNode *node = find_property(device, property->name);

        if (!node || !spm_xml_attr_is(node, "type", property->type) ||
            !spm_xml_attr_is(node, "value", property->value))
            return FALSE;
    }
    return TRUE;
}

void
spm_qemu_xmlns_remove_orphans(xmlNode *domain)
{
    const xmlNode *parent = spm_xml_child_ns(domain, "override", SPM_QEMU_NS);
    xmlNode *node = spm_xml_child_ns(parent, "device", SPM_QEMU_NS);

    while (node) {
        xmlNode *next = spm_xml_next_ns(node, "device", SPM_QEMU_NS);
        g_autofree char *alias = spm_xml_attr(node, "alias");
        guint cell;

        if (spm_qemu_alias_parse(alias, &cell))
            spm_xml_remove(node);
        node = next;
    }
}

/* Do the <qemu:arg> elements from @arg on begin with @arguments? */
static gboolean
begins_with(const xmlNode *arg, const GPtrArray *arguments)
{
    for (guint i = 0; i < arguments->len; i++) {
        if (!arg || !spm_xml_attr_is(arg, "value", arguments->pdata[i]))
            return FALSE;
        arg = spm_xml_next_ns(arg, "arg", SPM_QEMU_NS);
    }
    return TRUE;
}

gboolean
spm_qemu_xmlns_remove_arguments(xmlNode *domain, const GPtrArray *arguments)
{
    const xmlNode *commandline = spm_xml_child_ns(domain, "commandline", SPM_QEMU_NS);
    xmlNode *arg = spm_xml_child_ns(commandline, "arg", SPM_QEMU_NS);
    xmlNode *found = NULL;

    if (arguments->len == 0)
        return TRUE;
    /* The last place counts: lowering adds behind what the user has. */
    for (; arg; arg = spm_xml_next_ns(arg, "arg", SPM_QEMU_NS)) {
        if (begins_with(arg, arguments))
            found = arg;
    }
    if (!found)
        return FALSE;
    for (guint i = 0; i < arguments->len; i++) {
        xmlNode *next = spm_xml_next_ns(found, "arg", SPM_QEMU_NS);

        spm_xml_remove(found);
        found = next;
    }
    return TRUE;
}

static gboolean
uses_ns(const xmlNode *node, const xmlNs *ns)
{
    if (node->type != XML_ELEMENT_NODE)
        return FALSE;
    if (node->ns == ns)
        return TRUE;
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        if (attr->ns == ns)
            return TRUE;
    }
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (uses_ns(child, ns))
            return TRUE;
    }
    return FALSE;
}

static void
undeclare(xmlNode *domain)
{
    for (xmlNs **place = &domain->nsDef; *place; place = &(*place)->next) {
        xmlNs *ns = *place;

        if (is_usable(ns) && xmlStrEqual(ns->href, BAD_CAST SPM_QEMU_NS) && !uses_ns(domain, ns)) {
            *place = ns->next;
            xmlFreeNs(ns);
            return;
        }
    }
}

void
spm_qemu_xmlns_clean(xmlNode *domain, const xmlNode *record)
{
    for (gsize i = 0; i < G_N_ELEMENTS(containers); i++) {
        xmlNode *node = spm_xml_child_ns(domain, containers[i], SPM_QEMU_NS);

        if (node && spm_xml_is_blank(node) && (!record || spm_record_has_added(record, containers[i])))
            spm_xml_remove(node);
    }
    if (!record || spm_record_has_added(record, "xmlns"))
        undeclare(domain);
}
