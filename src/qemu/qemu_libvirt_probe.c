/*
 * Asking libvirt whether it can build a cell without memory (see
 * qemu_capabilities.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_capabilities.h"

#include <string.h>

char *
spm_libvirt_probe_xml(const char *virt_type, const char *arch, const char *emulator)
{
    g_autofree char *element =
        emulator ? g_markup_printf_escaped("<emulator>%s</emulator>", emulator) : g_strdup("");
    g_autofree char *head = g_markup_printf_escaped(
        "<domain type='%s'>"
        "<name>virtspm-probe</name>"
        "<uuid>5b0ae3f4-76c9-4d0c-9e39-6d0c3a6f2b11</uuid>"
        "<memory unit='MiB'>64</memory>"
        "<vcpu>1</vcpu>"
        "<os><type arch='%s' machine='q35'>hvm</type></os>"
        "<cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/><cell id='1' memory='0' unit='MiB'/></numa></cpu>"
        "<devices>",
        virt_type ? virt_type : "qemu", arch ? arch : "x86_64");

    return g_strconcat(head, element,
                       "<controller type='usb' model='none'/><memballoon model='none'/></devices>"
                       "</domain>",
                       NULL);
}

gboolean
spm_libvirt_probe_memoryless(const char *argv)
{
    static const char option[] = "node,nodeid=1";
    const char *node = argv ? strstr(argv, option) : NULL;
    gsize length = node ? strcspn(node, " \n") : 0;

    /* The value of the second -numa, up to the next argument, names no memory. */
    return node && !g_ascii_isdigit(node[strlen(option)]) &&
           !memmem(node, length, ",mem=", strlen(",mem=")) &&
           !memmem(node, length, ",memdev=", strlen(",memdev="));
}
