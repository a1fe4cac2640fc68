/*
 * What libvirt's <capabilities> say of this host's Specific-Purpose Memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_host_capabilities.h"

#include <string.h>

#include "hosts/fixture.h"
#include "unit.h"

#define BEFORE                                      \
    "<capabilities>\n"                              \
    "\n"                                            \
    "  <host>\n"                                    \
    "    <uuid>x</uuid>\n"                          \
    "    <topology>\n"                              \
    "      <cells num='1'/>\n"                      \
    "    </topology>\n"
#define AFTER                                       \
    "  </host>\n"                                   \
    "\n"                                            \
    "  <guest>\n"                                   \
    "    <arch name='i686'><emulator>/bin/i</emulator></arch>\n" \
    "  </guest>\n"                                  \
    "  <guest>\n"                                   \
    "    <arch name='x86_64'><emulator>/bin/q</emulator></arch>\n" \
    "  </guest>\n"                                  \
    "\n"                                            \
    "</capabilities>\n"

#define NODE(id, cpus)                                                    \
    "sys/devices/system/node/node" id "/cpulist = " cpus "\n"             \
    "sys/devices/system/node/node" id "/meminfo =\n"                      \
    "|Node " id " MemTotal: 1048576 kB\n|Node " id " MemFree: 1048576 kB\n"

/* Node 1 has HBM with free hugepages, node 2 HBM without. */
static const char hbm[] =
    "sys/devices/system/node/online = 0-2\n" NODE("0", "0-1") NODE("1", "") NODE("2", "")
    "sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages = 4\n"
    "sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages = 4\n"
    "sys/devices/system/node/node1/hugepages/hugepages-2048kB/surplus_hugepages = 0\n";
static const char hbm_policy[] = "[host]\nnode1-class=hbm\nnode2-class=hbm\n";

static const char plain[] = "sys/devices/system/node/online = 0\n" NODE("0", "0-1");

static char *
extended(const char *tree, const char *policy, const char *features)
{
    g_autoptr(SpmHost) host = tree ? spm_fixture_host(tree, policy) : NULL;
    g_autoptr(SpmQemuCaps) qemu = features ? spm_qemu_caps_assume(features, NULL) : NULL;
    g_autoptr(GError) error = NULL;
    char *xml;

    if (qemu)
        qemu->binary = g_strdup("/bin/q");
    xml = spm_host_capabilities_extend(BEFORE AFTER, strlen(BEFORE AFTER), host, qemu, &error);
    g_assert_no_error(error);
    return xml;
}

static void
a_host_with_hbm(void)
{
    g_autofree char *xml = extended(hbm, hbm_policy, "sp-mem");

    g_assert_cmpstr(xml, ==,
                    BEFORE
                    "    <spm>\n"
                    "      <enum name='memmapType' emulator='/bin/q'>\n"
                    "        <value>normal</value>\n"
                    "        <value>spm</value>\n"
                    "      </enum>\n"
                    "      <node id='1' class='hbm' backing='system-ram' ready='yes'/>\n"
                    "      <node id='2' class='hbm' backing='system-ram' ready='no'/>\n"
                    "    </spm>\n" AFTER);
}

static void
a_host_without(void)
{
    g_autofree char *asked = extended(plain, NULL, "");
    g_autofree char *unasked = extended(plain, NULL, NULL);
    g_autofree char *unknown = extended(NULL, NULL, NULL);

    g_assert_cmpstr(asked, ==,
                    BEFORE
                    "    <spm>\n"
                    "      <enum name='memmapType' emulator='/bin/q'>\n"
                    "        <value>normal</value>\n"
                    "      </enum>\n"
                    "    </spm>\n" AFTER);
    g_assert_cmpstr(unasked, ==, BEFORE AFTER);
    g_assert_cmpstr(unknown, ==, BEFORE AFTER);
}

static void
other_documents_stay(void)
{
    static const char *const documents[] = { "<capabilities><guest/></capabilities>",
                                             "<domain ><host/></domain>" };

    for (guint i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autofree char *xml = spm_host_capabilities_extend(documents[i], strlen(documents[i]), NULL,
                                                            NULL, NULL);

        g_assert_cmpstr(xml, ==, documents[i]);
    }
    g_assert_null(spm_host_capabilities_extend("<", 1, NULL, NULL, NULL));
}

static void
the_emulator_for_x86_64(void)
{
    g_autofree char *path = spm_host_capabilities_emulator(BEFORE AFTER, strlen(BEFORE AFTER));

    g_assert_cmpstr(path, ==, "/bin/q");
    g_assert_null(spm_host_capabilities_emulator("<capabilities/>", 15));
    g_assert_null(spm_host_capabilities_emulator("<", 1));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add_func("/qemu_host_capabilities/" #name, name)
    CASE(a_host_with_hbm);
    CASE(a_host_without);
    CASE(other_documents_stay);
    CASE(the_emulator_for_x86_64);
    return g_test_run();
}
