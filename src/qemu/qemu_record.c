/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_record.h"

#include <string.h>

#include "util/spm_memory.h"
#include "util/spm_size.h"
#include "util/spm_xml_outline.h"

xmlNode *
spm_record_find(const xmlNode *domain)
{
    return spm_xml_child_ns(spm_xml_child(domain, "metadata"), "domain", SPM_RECORD_NS);
}

xmlNode *
spm_record_new(xmlDoc *doc)
{
    xmlNode *record = xmlNewDocNode(doc, NULL, BAD_CAST "domain", NULL);
    g_autofree char *prefix = g_strdup("virtspm");

    /* Parts of the user's document will stand in it. */
    for (guint i = 1; spm_xml_uses_unbound(xmlDocGetRootElement(doc), prefix); i++) {
        g_free(prefix);
        prefix = spm_strdup_printf("virtspm-%u", i);
    }
    xmlSetNs(record, xmlNewNs(record, BAD_CAST SPM_RECORD_NS, BAD_CAST prefix));
    return record;
}

/* <metadata> stands after what names the domain. */
static xmlNode *
behind_names(xmlNode *domain)
{
    static const char *const names[] = { "name", "uuid", "hwuuid", "genid", "title", "description", NULL };
    xmlNode *node = domain->children;

    while (node) {
        if (spm_xml_is_kept_text(node))
            node = spm_xml_unfold(node);
        if (spm_xml_is(node, NULL) && !g_strv_contains(names, (const char *)node->name))
            return node;
        node = node->next;
    }
    return NULL;
}

gboolean
spm_metadata_attach(xmlNode *domain, xmlNode *element)
{
    xmlNode *metadata = spm_xml_child(domain, "metadata");
    gboolean missing = metadata == NULL;
    xmlNode *entries = element->children;

    if (!entries && !element->properties) {
        xmlFreeNode(element);
        return FALSE;
    }
    if (missing)
        metadata = spm_xml_add(domain, behind_names(domain), NULL, "metadata", NULL);
    /* Only now is there an indentation to follow: entries go in once more. */
    element->children = element->last = NULL;
    spm_xml_insert(metadata, NULL, element);
    while (entries) {
        xmlNode *next = entries->next;

        entries->next = entries->prev = entries->parent = NULL;
        spm_xml_insert(element, NULL, entries);
        entries = next;
    }
    return missing;
}

void
spm_metadata_remove(xmlNode *element)
{
    xmlNode *metadata = element->parent;

    spm_xml_remove(element);
    if (spm_xml_is_blank(metadata))
        spm_xml_remove(metadata);
}

void
spm_record_attach(xmlNode *domain, xmlNode *record)
{
    if (spm_metadata_attach(domain, record))
        spm_record_set_added(record, "metadata");
}

void
spm_record_remove(xmlNode *domain, xmlNode *record)
{
    xmlNode *metadata = record->parent;
    gboolean added = spm_record_has_added(record, "metadata");

    spm_xml_remove(record);
    if (added && spm_xml_is_blank(metadata))
        spm_xml_remove(metadata);
}

void
spm_record_set_added(xmlNode *record, const char *what)
{
    g_autofree char *before = spm_xml_attr(record, "added");
    g_autofree char *after = before ? g_strjoin(" ", before, what, NULL) : g_strdup(what);

    spm_xml_set_attr(record, "added", after);
}

gboolean
spm_record_has_added(const xmlNode *record, const char *what)
{
    g_autofree char *added = record ? spm_xml_attr(record, "added") : NULL;
    gsize length = strlen(what);

    /* Words with blanks between. */
    for (const char *word = added; word;) {
        const char *end = strchrnul(word, ' ');

        if ((gsize)(end - word) == length && memcmp(word, what, length) == 0)
            return TRUE;
        word = *end ? end + 1 : NULL;
    }
    return FALSE;
}

xmlNode *
spm_record_add(xmlNode *record, const char *kind)
{
    return spm_xml_add(record, NULL, record->ns, kind, NULL);
}

xmlNode *
spm_record_first(const xmlNode *record, const char *kind)
{
    return spm_xml_child_ns(record, kind, SPM_RECORD_NS);
}

xmlNode *
spm_record_next(const xmlNode *entry)
{
    return spm_xml_next_ns(entry, (const char *)entry->name, SPM_RECORD_NS);
}

gboolean
spm_record_entry_number(const xmlNode *entry, const char *name, guint64 *value)
{
    g_autofree char *text = entry ? spm_xml_attr(entry, name) : NULL;

    return text && spm_parse_uint64(text, value);
}

xmlNode *
spm_record_find_cell(const xmlNode *record, guint cell)
{
    xmlNode *entry = spm_record_first(record, "cell");
    guint64 id;

    while (entry && !(spm_record_entry_number(entry, "id", &id) && id == cell))
        entry = spm_record_next(entry);
    return entry;
}

xmlNode *
spm_record_keep(xmlNode *record, const char *kind, const xmlNode *node)
{
    xmlNode *entry = spm_record_add(record, kind);

    spm_xml_insert(entry, NULL, xmlDocCopyNode((xmlNode *)node, record->doc, 1));
    return entry;
}

xmlNode *
spm_record_kept(const xmlNode *entry, const char *name)
{
    return spm_xml_child(entry, name);
}

static gboolean
counts(const xmlNode *node)
{
    return node->type != XML_TEXT_NODE || !xmlIsBlankNode(node);
}

static guint
count_children(const xmlNode *parent, const xmlNode *until)
{
    guint count = 0;

    for (const xmlNode *child = parent->children; child && child != until; child = child->next)
        count += counts(child);
    return count;
}

void
spm_record_take_out(xmlNode *entry, xmlNode *node)
{
    xmlNode *parent = node->parent;

    spm_xml_unfold_children(parent);
    spm_xml_set_number(entry, "at", count_children(parent, node));
    spm_xml_remove(node);
    spm_xml_set_number(entry, "of", count_children(parent, NULL));
}

xmlNode *
spm_record_put_back(const xmlNode *entry, const xmlNode *node, xmlNode *parent, xmlNode *otherwise)
{
    xmlNode *copy = xmlDocCopyNode((xmlNode *)node, parent->doc, 1);
    xmlNode *before = otherwise;
    guint64 at, of;

    spm_xml_unfold_children(parent);
    if (spm_record_entry_number(entry, "at", &at) && spm_record_entry_number(entry, "of", &of) &&
        of == count_children(parent, NULL) && at <= of) {
        before = parent->children;
        while (before && (!counts(before) || at-- > 0))
            before = before->next;
    }
    spm_xml_insert(parent, before, copy);
    spm_xml_reindent(copy);
    return copy;
}
