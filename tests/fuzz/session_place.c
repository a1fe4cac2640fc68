/*
 * session_place.c: the host on which conversations take place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "session_place.h"

#include "hosts/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Node 0 has the CPUs, nodes 1 and 2 are HBM by the administrator's word. Node 1 has
 * room for two cells in hugepages, node 2 in ordinary pages. */
static const char tree[] = "sys/devices/system/node/online = 0-2\n"
                           "sys/devices/system/node/possible = 0-2\n"
                           "sys/devices/system/node/node0/cpulist = 0-1\n"
                           "sys/devices/system/node/node0/distance = 10 17 18\n"
                           "sys/devices/system/node/node0/meminfo =\n"
                           "|Node 0 MemTotal: 2097152 kB\n"
                           "|Node 0 MemFree: 1048576 kB\n"
                           "sys/devices/system/node/node1/cpulist =\n"
                           "sys/devices/system/node/node1/distance = 17 10 20\n"
                           "sys/devices/system/node/node1/meminfo =\n"
                           "|Node 1 MemTotal: 2097152 kB\n"
                           "|Node 1 MemFree: 1048576 kB\n"
                           "sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages = 256\n"
                           "sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages = 256\n"
                           "sys/devices/system/node/node1/hugepages/hugepages-2048kB/surplus_hugepages = 0\n"
                           "sys/devices/system/node/node2/cpulist =\n"
                           "sys/devices/system/node/node2/distance = 18 20 10\n"
                           "sys/devices/system/node/node2/meminfo =\n"
                           "|Node 2 MemTotal: 1048576 kB\n"
                           "|Node 2 MemFree: 524288 kB\n";

static char *root;
static SpmPlacer *placer;

static void
remove_host(void)
{
    spm_placer_free(placer);
    spm_tree_remove(root);
}

SpmPlacer *
session_placer(void)
{
    static const char policy[] = "[host]\nnode1-class=hbm\nnode2-class=hbm\n";

    if (!placer) {
        root = spm_tree_unpack_temporary(tree, strlen(tree), TRUE, NULL);
        placer = spm_placer_new(root, spm_host_config_parse(policy, strlen(policy), "fuzz", NULL));
        atexit(remove_host);
    }
    return placer;
}

const char *
session_schema(void)
{
    static const char grammar[] =
        "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>"
        "<start><element name='domain'><ref name='inside'/></element></start>"
        "<define name='inside'><zeroOrMore><choice>"
        "<text/><attribute><anyName/></attribute><element><anyName/><ref name='inside'/></element>"
        "</choice></zeroOrMore></define></grammar>";
    static char path[32];

    if (!path[0]) {
        int fd = memfd_create("grammar", MFD_CLOEXEC);

        if (write(fd, grammar, strlen(grammar)) < 0)
            return NULL;
        g_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    return path;
}
