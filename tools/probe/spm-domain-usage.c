/*
 * spm-domain-usage: which running domains use which memory, for spm-host-probe
 *
 * Called with the URI of stock libvirt (not of virtspmd, which shows the cells
 * as users wrote them). Prints one line for every memory device that stands
 * for an SPM cell; usage.h has the format. Exit status 0, or 1 and a message.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/spm_nodeset.h"
#include "util/spm_size.h"
#include "util/spm_xml.h"

/* The alias that lowering gives the device of cell N. */
#define ALIAS_PREFIX "ua-virtspm-cell"

static void
quiet(void *data, virErrorPtr error)
{
}

static gboolean
is_cell(const xmlNode *memory)
{
    g_autofree char *alias = spm_xml_attr(spm_xml_child(memory, "alias"), "name");

    return alias && g_str_has_prefix(alias, ALIAS_PREFIX);
}

/* The size in an element with a unit, 0 when there is none. */
static guint64
size_of(const xmlNode *element)
{
    g_autofree char *text = spm_xml_text(element);
    g_autofree char *unit = element ? spm_xml_attr(element, "unit") : NULL;
    guint64 bytes = 0;

    if (text && !spm_size_parse(text, unit, &bytes, NULL))
        return 0;
    return bytes;
}

static void
print_cell(const char *domain, const xmlNode *memory)
{
    const xmlNode *source = spm_xml_child(memory, "source");
    g_autofree char *name = g_uri_escape_string(domain, NULL, TRUE);
    g_autofree char *mask = spm_xml_text(spm_xml_child(source, "nodemask"));
    g_autofree char *path = spm_xml_text(spm_xml_child(source, "path"));
    g_autoptr(SpmNodeset) nodes = mask ? spm_nodeset_parse(mask, NULL) : NULL;
    g_autofree char *list = nodes ? spm_nodeset_format(nodes) : NULL;
    guint64 page_size = size_of(spm_xml_child(source, "pagesize"));
    guint64 bytes = size_of(spm_xml_child(spm_xml_child(memory, "target"), "size"));

    printf("%s %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, name, list && *list ? list : "-", page_size, bytes);
    if (path && g_str_has_prefix(path, "/dev/"))
        printf(" %s", path + strlen("/dev/"));
    putchar('\n');
}

static void
print_domain(virDomainPtr domain)
{
    g_autofree char *text = virDomainGetXMLDesc(domain, 0);
    g_autoptr(xmlDoc) doc = text ? spm_xml_parse(text, strlen(text), NULL) : NULL;
    const xmlNode *devices = doc ? spm_xml_child(xmlDocGetRootElement(doc), "devices") : NULL;

    for (xmlNode *memory = spm_xml_child(devices, "memory"); memory; memory = spm_xml_next(memory, "memory")) {
        if (is_cell(memory))
            print_cell(virDomainGetName(domain), memory);
    }
}

int
main(int argc, char **argv)
{
    virDomainPtr *domains = NULL;
    virConnectPtr connection;
    int count;

    if (argc != 2) {
        fprintf(stderr, "usage: spm-domain-usage URI\n");
        return 1;
    }
    virSetErrorFunc(NULL, quiet);
    connection = virConnectOpenReadOnly(argv[1]);
    count = connection ? virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE) : -1;
    if (count < 0) {
        fprintf(stderr, "%s\n", virGetLastErrorMessage());
        if (connection)
            virConnectClose(connection);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        print_domain(domains[i]);
        virDomainFree(domains[i]);
    }
    free(domains);
    virConnectClose(connection);
    return fflush(stdout) == 0 ? 0 : 1;
}
