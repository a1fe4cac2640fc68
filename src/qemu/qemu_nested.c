/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_nested.h"

#include <string.h>

#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

typedef struct {
    xmlNode *node; /* in the document; NULL: the document itself */
    xmlDoc *doc;   /* of its own, once somebody wants it; NULL with a NULL @node */
    char *text;
    gsize length;
} Domain;

struct _SpmNested {
    xmlDoc *doc;        /* the whole document */
    char quote;
    char *text;         /* the whole document */
    GPtrArray *domains; /* of Domain */
    gboolean changed;   /* @text is not what @doc says */
};

static void
domain_free(gpointer data)
{
    Domain *domain = data;

    g_clear_pointer(&domain->doc, xmlFreeDoc);
    g_free(domain->text);
    g_free(domain);
}

void
spm_nested_free(SpmNested *nested)
{
    g_clear_pointer(&nested->doc, xmlFreeDoc);
    g_clear_pointer(&nested->domains, g_ptr_array_unref);
    g_free(nested->text);
    g_free(nested);
}

static Domain *
add_domain(SpmNested *nested, xmlNode *node, char *text, gsize length)
{
    Domain *domain = g_new0(Domain, 1);

    domain->node = node;
    domain->text = text;
    domain->length = length;
    g_ptr_array_add(nested->domains, domain);
    return domain;
}

/* The element as a document of its own, with the name a domain has there. */
static char *
text_of(xmlNode *element, char quote)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc(BAD_CAST "1.0");
    xmlNode *copy = xmlDocCopyNode(element, doc, 1);

    xmlDocSetRootElement(doc, copy);
    xmlNodeSetName(copy, BAD_CAST "domain");
    return spm_xml_format_node(copy, quote);
}

static void
find_inside(SpmNested *nested, const xmlNode *root)
{
    static const char *const names[] = { "domain", "inactiveDomain" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        for (xmlNode *node = spm_xml_child(root, names[i]); node;
             node = spm_xml_next(node, names[i])) {
            char *text = text_of(node, nested->quote);

            add_domain(nested, node, text, strlen(text));
        }
    }
}

SpmNested *
spm_nested_parse(const char *xml, gsize length, GError **error)
{
    static const char *const outer[] = { "domainsnapshot", "domaincheckpoint", "qemu-migration",
                                         NULL };
    g_autoptr(SpmNested) nested = g_new0(SpmNested, 1);
    const xmlNode *root;
    gboolean is_domain;

    nested->domains = g_ptr_array_new_with_free_func(domain_free);
    nested->doc = spm_domain_parse_any(xml, length, error);
    if (!nested->doc)
        return NULL;
    nested->text = g_strndup(xml, length);
    nested->quote = spm_xml_quote(xml, length);
    root = xmlDocGetRootElement(nested->doc);
    is_domain = g_str_equal((const char *)root->name, "domain");
    if (!is_domain && !g_strv_contains(outer, (const char *)root->name))
        return g_steal_pointer(&nested);
    /* libvirt does not look at the namespace of the root, only at its name. */
    if (root->ns) {
        spm_xml_error(error, root, SPM_ERROR_XML,
                      "the root element '%s' is in a namespace; leave that out",
                      (const char *)root->name);
        return NULL;
    }
    if (is_domain)
        add_domain(nested, NULL, g_strndup(xml, length), length);
    else
        find_inside(nested, root);
    return g_steal_pointer(&nested);
}

guint
spm_nested_count(const SpmNested *nested)
{
    return nested->domains->len;
}

const char *
spm_nested_text(const SpmNested *nested, guint index, gsize *length)
{
    const Domain *domain = nested->domains->pdata[index];

    *length = domain->length;
    return domain->text;
}

xmlDoc *
spm_nested_doc(SpmNested *nested, guint index, GError **error)
{
    Domain *domain = nested->domains->pdata[index];

    if (!domain->node)
        return nested->doc;
    if (!domain->doc)
        domain->doc = spm_domain_parse(domain->text, domain->length, error);
    return domain->doc;
}

gboolean
spm_nested_put(SpmNested *nested, guint index, const char *xml, GError **error)
{
    Domain *domain = nested->domains->pdata[index];
    g_autoptr(xmlDoc) doc = NULL;
    xmlNode *node;

    if (!domain->node) {
        g_free(nested->text);
        nested->text = g_strdup(xml);
        return TRUE;
    }
    doc = spm_xml_parse(xml, strlen(xml), error);
    if (!doc)
        return FALSE;
    node = xmlDocCopyNode(xmlDocGetRootElement(doc), nested->doc, 1);
    xmlNodeSetName(node, domain->node->name);
    xmlFreeNode(xmlReplaceNode(domain->node, node));
    domain->node = node;
    nested->changed = TRUE;
    return TRUE;
}

char *
spm_nested_format(const SpmNested *nested)
{
    return nested->changed ? spm_xml_format(nested->doc, nested->quote) : g_strdup(nested->text);
}

char *
spm_nested_raise(const char *xml, gsize length, GError **error)
{
    g_autoptr(SpmNested) nested = NULL;

    if (!spm_domain_may_hold(xml, length))
        return g_strndup(xml, length);
    nested = spm_nested_parse(xml, length, error);
    for (guint i = 0; nested && i < nested->domains->len; i++) {
        xmlDoc *doc = spm_nested_doc(nested, i, error);
        g_autofree char *raised = NULL;

        if (!doc)
            return NULL;
        if (!spm_domain_doc_raise(doc))
            continue;
        raised = spm_xml_format(doc, nested->quote);
        if (!spm_nested_put(nested, i, raised, error))
            return NULL;
    }
    return nested ? spm_nested_format(nested) : NULL;
}
