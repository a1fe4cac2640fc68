/*
 * intercept_request.c: a request for SPM where libvirtd would drop it
 *
 * Some calls hand libvirtd domain XML that virtspmd does not translate:
 * restoring or editing an image, redefining a snapshot or checkpoint, preparing
 * a migration. libvirtd ignores attributes it does not know, so a memmapType in
 * there would vanish, and ordinary RAM would stand in for what was asked. Such
 * calls are refused. The stock XML of an SPM domain, which clients hand back as
 * they got it, asks for nothing and passes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept.h"

#include "qemu/qemu_domain.h"
#include "util/spm_xml.h"

/* Does this <domain>, or <inactiveDomain>, ask? */
static gboolean
element_asks(xmlNode *element, GError **error)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *copy = xmlDocCopyNode(element, doc, 1);
    g_autofree char *text = NULL;

    xmlDocSetRootElement(doc, copy);
    xmlNodeSetName(copy, (const xmlChar *)"domain");
    text = spm_xml_format(doc, '"');
    return spm_domain_asks(text, strlen(text), error);
}

/* The document's tree is only as deep as the parser allows (256), so recursion
 * is safe. */
static gboolean
any_asks(xmlNode *node, GError **error)
{
    for (; node; node = node->next) {
        g_autoptr(GError) local = NULL;

        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (spm_xml_is(node, "domain") || spm_xml_is(node, "inactiveDomain")) {
            if (element_asks(node, &local))
                return TRUE;
        } else if (any_asks(node->children, &local)) {
            return TRUE;
        }
        if (local) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
    return FALSE;
}

gboolean
spm_intercept_requests(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;

    if (!spm_domain_may_ask(xml, length))
        return FALSE;
    doc = spm_xml_parse(xml, length, error);
    return doc && any_asks(xmlDocGetRootElement(doc), error);
}
