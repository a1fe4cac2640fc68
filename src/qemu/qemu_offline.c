/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_offline.h"

#include "qemu/qemu_domain.h"
#include "qemu/qemu_record.h"
#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"

static xmlNode *
find_mark(const xmlNode *domain)
{
    return spm_xml_child_ns(spm_xml_child(domain, "metadata"), "migration", SPM_MIGRATION_NS);
}

char *
spm_domain_mark_offline(const char *xml, gsize length, gint64 now, GError **error)
{
    g_autofree char *when = spm_strdup_printf("%" G_GINT64_FORMAT, now);
    g_autoptr(xmlDoc) doc = NULL;
    xmlNode *domain, *mark;

    if (!spm_domain_may_hold(xml, length))
        return g_strndup(xml, length);
    doc = spm_xml_parse(xml, length, error);
    domain = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!doc)
        return NULL;
    spm_offline_mark_remove(domain);
    mark = xmlNewDocNode(doc, NULL, BAD_CAST "migration", NULL);
    xmlSetNs(mark, xmlNewNs(mark, BAD_CAST SPM_MIGRATION_NS, BAD_CAST "virtspm"));
    spm_xml_set_attr(mark, "offline", when);
    spm_metadata_attach(domain, mark);
    return spm_xml_format(doc, spm_xml_quote(xml, length));
}

gboolean
spm_offline_mark_remove(xmlNode *domain)
{
    xmlNode *mark = find_mark(domain);

    if (mark)
        spm_metadata_remove(mark);
    return mark != NULL;
}

/* Is there a mark that was made for this migration? */
static gboolean
is_offline(const xmlNode *domain, gint64 now)
{
    const xmlNode *mark = find_mark(domain);
    g_autofree char *text = mark ? spm_xml_attr(mark, "offline") : NULL;
    guint64 when;

    return text && spm_parse_uint64(text, &when) && when <= G_MAXINT64 / 2 &&
           ABS((gint64)when - now) <= SPM_OFFLINE_SECONDS;
}

char *
spm_domain_receive(const char *xml, gsize length, gboolean migratable, const char *why_not,
                   gint64 now, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    g_autofree char *name = NULL;

    if (!doc)
        return NULL;
    if (is_offline(domain, now)) {
        spm_offline_mark_remove(domain);
        return spm_xml_format(doc, spm_xml_quote(xml, length));
    }
    if (migratable || !spm_domain_holds_sp_mem(xml, length))
        return g_strndup(xml, length);
    name = spm_xml_text(spm_xml_child(domain, "name"));
    g_set_error(error, SPM_ERROR, SPM_ERROR_OPERATION_UNSUPPORTED,
                "domain '%s' cannot come here with its memory: the contents of its sp-mem memory "
                "were left behind: %s; shut the guest down and start it here instead, or migrate "
                "it offline through virtspmd",
                name ? name : "?", why_not);
    return NULL;
}
