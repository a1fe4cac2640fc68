/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "virt-spm-libvirt.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "util/spm_error.h"

static void
set_error(GError **error, const char *what)
{
    const virError *last = virGetLastError();

    g_set_error(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED, "%s: %s", what,
                last && last->message ? last->message : "no reason given");
}

/* libvirt would print every error by itself as well. */
static void
silent(void *data, virErrorPtr error)
{
}

virConnect *
spm_libvirt_open(const char *uri, gboolean read_only, GError **error)
{
    const char *name = uri ? uri : SPM_LIBVIRT_DEFAULT_URI;
    virConnect *connection;

    virSetErrorFunc(NULL, silent);
    connection = read_only ? virConnectOpenReadOnly(name) : virConnectOpen(name);
    if (!connection) {
        g_autofree char *what = g_strdup_printf("cannot connect to libvirt at %s", name);

        set_error(error, what);
    }
    return connection;
}

/* From libvirt's allocator into GLib's. */
static char *
adopt(char *text)
{
    char *copy = g_strdup(text);

    free(text);
    return copy;
}

char *
spm_libvirt_to_native(virConnect *connection, const char *xml, GError **error)
{
    char *argv = virConnectDomainXMLToNative(connection, "qemu-argv", xml, 0);

    if (!argv)
        set_error(error, "libvirt cannot build this domain");
    return adopt(argv);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(virDomainGetName(*(virDomainPtr const *)a),
                  virDomainGetName(*(virDomainPtr const *)b));
}

GPtrArray *
spm_libvirt_domains(virConnect *connection, GError **error)
{
    g_autoptr(GPtrArray) documents = g_ptr_array_new_with_free_func(g_free);
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(connection, &domains, 0);

    if (count < 0) {
        set_error(error, "cannot list the domains");
        return NULL;
    }
    qsort(domains, (size_t)count, sizeof *domains, compare_names);
    for (int i = 0; i < count; i++) {
        /* One that was undefined meanwhile has none. */
        char *xml = virDomainGetXMLDesc(domains[i], 0);

        if (xml)
            g_ptr_array_add(documents, adopt(xml));
        virDomainFree(domains[i]);
    }
    free(domains);
    return g_steal_pointer(&documents);
}
