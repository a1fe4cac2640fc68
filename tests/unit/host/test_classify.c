/*
 * One small host for every rule and every trap of the rules table in
 * docs/placement.rst.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "hosts/fixture.h"

#define DIR "sys/devices/system/node/"
#define GIB "1048576"

#define ONLINE(list) DIR "online = " list "\n"
/* A node with this much memory in KiB, half of it free. */
#define NODE(id, cpus, kib)                \
    DIR "node" id "/cpulist = " cpus "\n"  \
    DIR "node" id "/meminfo =\n"           \
    "|Node " id " MemTotal: " kib " kB\n"  \
    "|Node " id " MemFree:  " kib " kB\n"
#define FREE_PAGES(id, size, count)                                                  \
    DIR "node" id "/hugepages/hugepages-" size "kB/nr_hugepages = " count "\n"       \
    DIR "node" id "/hugepages/hugepages-" size "kB/free_hugepages = " count "\n"     \
    DIR "node" id "/hugepages/hugepages-" size "kB/surplus_hugepages = 0\n"
#define SPEED_OF(id, klass, bandwidth, latency)                                           \
    DIR "node" id "/" klass "/initiators/read_bandwidth = " bandwidth "\n"                \
    DIR "node" id "/" klass "/initiators/write_bandwidth = " bandwidth "\n"               \
    DIR "node" id "/" klass "/initiators/read_latency = " latency "\n"                    \
    DIR "node" id "/" klass "/initiators/write_latency = " latency "\n"
#define SPEED(id, bandwidth, latency) SPEED_OF(id, "access1", bandwidth, latency)
#define TIER(number, nodes) "sys/devices/virtual/memory_tiering/memory_tier" number "/nodelist = " nodes "\n"

#define HMEM "platform/hmem.0/"
#define CXL "platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0/"
#define PMEM "LNXSYSTM:00/ndbus0/region0/dax0.0/"
#define DAX_IN(where, name, node, size)                                \
    "sys/devices/" where name "/size = " size "\n"                     \
    "sys/devices/" where name "/align = 2097152\n"                     \
    "sys/devices/" where name "/resource = 0x100000000\n"              \
    "sys/devices/" where name "/target_node = " node "\n"              \
    "sys/bus/dax/devices/" name " -> ../../../devices/" where name "\n"
#define BOUND(where, name, driver) "sys/devices/" where name "/driver -> ../../../../bus/dax/drivers/" driver "\n"

#define DRAM0 NODE("0", "0-1", GIB)
#define ONE_GIB "1073741824"

typedef struct {
    const char *name, *tree;
    guint node;
    SpmHostClass klass;
    guint rule;
    SpmHostConfidence confidence;
    SpmHostUsable usable;
} Case;

static const Case cases[] = {
    /* Rule 1: the only sign that GH200's and POWER9's GPU memory gives. */
    { "nvidia-gpu-node",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB)
      "proc/driver/nvidia/gpus/0009:01:00.0/numa_status =\n|Node: 1\n|Status: online\n",
      1, SPM_HOST_CLASS_GPU, 1, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_NO },
    { "nvidia-without-a-node",
      ONLINE("0") DRAM0 "proc/driver/nvidia/gpus/0000:01:00.0/numa_status = Node: -1\n",
      0, SPM_HOST_CLASS_DRAM, 11, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 2: kmem has it, nobody onlined it; HMAT figures are not there then. */
    { "kmem-all-offline",
      ONLINE("0-1") DRAM0 NODE("1", "", "0") DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_UNCLAIMED_SPM, 2, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_NO },
    { "kmem-all-offline-cxl",
      ONLINE("0-1") DRAM0 NODE("1", "", "0") DAX_IN(CXL, "dax0.0", "1", ONE_GIB) BOUND(CXL, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_FAR, 2, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_NO },
    { "kmem-all-offline-pmem",
      ONLINE("0-1") DRAM0 NODE("1", "", "0") DAX_IN(PMEM, "dax0.0", "1", ONE_GIB) BOUND(PMEM, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_PMEM, 2, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_NO },
    /* Rule 3 */
    { "cpus-only", ONLINE("0-1") DRAM0 NODE("1", "2-3", "0"),
      1, SPM_HOST_CLASS_NONE, 3, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_NO },
    { "online-without-directory", ONLINE("0-1") DRAM0,
      1, SPM_HOST_CLASS_NONE, 3, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_NO },
    /* Rule 4: 1 GiB of SPM on top of 4 GiB of DRAM does not make the node HBM. */
    { "shared-target",
      ONLINE("0") NODE("0", "0-1", "5242880") DAX_IN(HMEM, "dax0.0", "0", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"),
      0, SPM_HOST_CLASS_DRAM, 11, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* The same, but the whole node is the device: real HBM with CPUs. */
    { "hbm-with-cpus",
      ONLINE("0-1") DRAM0 NODE("1", "2-3", GIB) SPEED("0", "1000", "100") SPEED("1", "5000", "120")
      DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_HBM, 7, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 5: never by speed. */
    { "fast-pmem",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "5000", "120")
      DAX_IN(PMEM, "dax0.0", "1", ONE_GIB) BOUND(PMEM, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_PMEM, 5, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 6: also when it is fast. */
    { "fast-cxl",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "5000", "120")
      DAX_IN(CXL, "dax0.0", "1", ONE_GIB) BOUND(CXL, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_FAR, 6, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 7, and its threshold. */
    { "fast-confirmed-by-the-kernel's-tier",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "2001", "120") TIER("1", "1"),
      1, SPM_HOST_CLASS_HBM, 7, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_SYSTEM_RAM },
    { "exactly-twice-is-not-more-than-twice",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "2000", "120"),
      1, SPM_HOST_CLASS_DRAM, 13, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* access0 may be an accelerator's view: 419431 against 131072 was seen. */
    { "access0-is-doubted",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED_OF("1", "access0", "5000", "120"),
      1, SPM_HOST_CLASS_HBM, 7, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    { "access1-wins-over-access0",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "1000", "100")
      SPEED_OF("1", "access0", "5000", "50"),
      1, SPM_HOST_CLASS_DRAM, 13, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* DRAM stays the measure where cores have HBM of their own. */
    { "dram-beside-hbm-with-cpus",
      ONLINE("0-1") DRAM0 NODE("1", "2-3", GIB) SPEED("0", "1000", "100") SPEED("1", "5000", "100"),
      0, SPM_HOST_CLASS_DRAM, 13, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 8: a node without CPUs is not therefore fast. */
    { "slow-by-bandwidth",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "499", "100") TIER("63", "1"),
      1, SPM_HOST_CLASS_FAR, 8, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_SYSTEM_RAM },
    { "slow-by-latency",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "900", "151"),
      1, SPM_HOST_CLASS_FAR, 8, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    { "half-is-not-slow",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "500", "150"),
      1, SPM_HOST_CLASS_DRAM, 13, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 9: without HMAT the kernel calls it tier 22, slow; that does not count. */
    { "soft-reserved-without-hmat",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem")
      TIER("22", "1"),
      1, SPM_HOST_CLASS_HBM, 9, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    /* HMAT figures of 0 are no figures. */
    { "soft-reserved-with-zeros",
      ONLINE("0-1") DRAM0 SPEED("0", "0", "0") NODE("1", "", GIB) SPEED("1", "0", "0")
      DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_HBM, 9, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    { "soft-reserved-as-fast-as-dram",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) SPEED("0", "1000", "100") SPEED("1", "1200", "100")
      DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"),
      1, SPM_HOST_CLASS_DRAM, 13, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    /* kmem was unbound while its memory was in use. */
    { "let-go-by-kmem",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) DAX_IN(HMEM, "dax0.0", "1", ONE_GIB)
      "proc/iomem =\n|100000000-13fffffff : dax0.0\n|  100000000-13fffffff : System RAM (kmem)\n",
      1, SPM_HOST_CLASS_HBM, 9, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 10: Knights Landing, flat mode. */
    { "xeon-phi-flat",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) "proc/cpuinfo =\n|cpu family\t: 6\n|model\t\t: 87\n",
      1, SPM_HOST_CLASS_HBM, 10, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_SYSTEM_RAM },
    { "other-xeon-is-no-phi",
      ONLINE("0-1") DRAM0 NODE("1", "", GIB) "proc/cpuinfo =\n|cpu family\t: 6\n|model\t\t: 143\n",
      1, SPM_HOST_CLASS_DRAM, 12, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 11: MI300A, A64FX, Xeon Max with HBM only look like this. */
    { "one-kind-of-memory", ONLINE("0-1") DRAM0 NODE("1", "2-3", GIB),
      1, SPM_HOST_CLASS_DRAM, 11, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 12: a real machine (ia64) has such a node, and it is DRAM. */
    { "no-cpus-no-evidence", ONLINE("0-1") DRAM0 NODE("1", "", GIB),
      1, SPM_HOST_CLASS_DRAM, 12, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_SYSTEM_RAM },
    /* Rule 14 */
    { "devdax",
      ONLINE("0") DRAM0 DAX_IN(HMEM, "dax0.0", "3", ONE_GIB) BOUND(HMEM, "dax0.0", "device_dax"),
      3, SPM_HOST_CLASS_UNCLAIMED_SPM, 14, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_DEVDAX },
    { "devdax-found-by-its-driver",
      ONLINE("0") DRAM0 DAX_IN(HMEM, "dax0.0", "3", ONE_GIB) "sys/bus/dax/drivers/device_dax/dax0.0 = x\n",
      3, SPM_HOST_CLASS_UNCLAIMED_SPM, 14, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_DEVDAX },
    { "unbound",
      ONLINE("0") DRAM0 DAX_IN(HMEM, "dax0.0", "3", ONE_GIB),
      3, SPM_HOST_CLASS_UNCLAIMED_SPM, 14, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_NO },
    { "famfs",
      ONLINE("0") DRAM0 DAX_IN(HMEM, "dax0.0", "3", ONE_GIB) BOUND(HMEM, "dax0.0", "fsdev_dax"),
      3, SPM_HOST_CLASS_UNCLAIMED_SPM, 14, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_NO },
    { "devdax-of-pmem-is-no-spm",
      ONLINE("0") DRAM0 DAX_IN(PMEM, "dax6.0", "3", ONE_GIB) BOUND(PMEM, "dax6.0", "device_dax"),
      3, SPM_HOST_CLASS_PMEM, 14, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_DEVDAX },
    { "devdax-of-cxl-is-far",
      ONLINE("0") DRAM0 DAX_IN(CXL, "dax6.0", "3", ONE_GIB) BOUND(CXL, "dax6.0", "device_dax"),
      3, SPM_HOST_CLASS_FAR, 14, SPM_HOST_CONFIDENCE_MEDIUM, SPM_HOST_USABLE_DEVDAX },
    { "linux-7.2's-longer-path",
      ONLINE("0") DRAM0 DAX_IN("platform/hmem_platform.0/hmem.0/", "dax0.0", "3", ONE_GIB),
      3, SPM_HOST_CLASS_UNCLAIMED_SPM, 14, SPM_HOST_CONFIDENCE_HIGH, SPM_HOST_USABLE_NO },
    { "a-name-that-only-contains-hmem",
      ONLINE("0") DRAM0 DAX_IN("platform/nohmem.0x/", "dax0.0", "3", ONE_GIB),
      3, SPM_HOST_CLASS_NONE, 14, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_NO },
    /* Rule 15: seen on a machine with persistent memory. */
    { "kmem-without-its-node",
      ONLINE("0") DRAM0 DAX_IN(PMEM, "dax1.4", "5", ONE_GIB) BOUND(PMEM, "dax1.4", "kmem"),
      5, SPM_HOST_CLASS_PMEM, 15, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_NO },
    { "kmem-without-its-node-soft-reserved",
      ONLINE("0") DRAM0 DAX_IN(HMEM, "dax1.4", "5", ONE_GIB) BOUND(HMEM, "dax1.4", "kmem"),
      5, SPM_HOST_CLASS_UNCLAIMED_SPM, 15, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_NO },
    /* Nothing can be read. */
    { "unreadable-memory", ONLINE("0-1") DRAM0 DIR "node1/cpulist = \n",
      1, SPM_HOST_CLASS_DRAM, 12, SPM_HOST_CONFIDENCE_LOW, SPM_HOST_USABLE_NO },
};

static void
test_case(gconstpointer data)
{
    const Case *test = data;
    g_autoptr(SpmHost) host = spm_fixture_host(test->tree, NULL);
    const SpmHostNode *node = spm_host_node(host, test->node);

    g_assert_nonnull(node);
    g_test_message("rule %u: %s", node->rule, node->reason);
    g_assert_cmpstr(spm_host_class_name(node->klass), ==, spm_host_class_name(test->klass));
    g_assert_cmpuint(node->rule, ==, test->rule);
    g_assert_cmpint(node->confidence, ==, test->confidence);
    g_assert_cmpint(node->usable, ==, test->usable);
    g_assert_nonnull(node->reason);
    g_assert_nonnull(node->usable_why);
}

/* A later rule decides, but the answer says that it is not about all of it. */
static void
shared_target_is_flagged(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(ONLINE("0") NODE("0", "0-1", "5242880")
                                               DAX_IN(HMEM, "dax0.0", "0", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"), NULL);

    g_assert_true(spm_host_node(host, 0)->mixed);
}

static void
the_administrator_knows_better(void)
{
    const char *tree = ONLINE("0-1") DRAM0 NODE("1", "", GIB);
    g_autoptr(SpmHost) host = spm_fixture_host(tree, "[host]\nnode1-class=hbm\n");
    const SpmHostNode *node = spm_host_node(host, 1);

    g_assert_true(node->overridden);
    g_assert_cmpint(node->klass, ==, SPM_HOST_CLASS_HBM);
    g_assert_cmpint(node->klass_by_rule, ==, SPM_HOST_CLASS_DRAM);
    g_assert_cmpuint(node->rule, ==, 12);
    g_assert_nonnull(strstr(node->reason, SPM_CONFIG_FILE));
    g_assert_false(spm_host_node(host, 0)->overridden);
    g_assert_true(spm_host_has_spm(host));
}

static void
sparse_numbers_and_distances(void)
{
    /* Column 1 is node 8, not node 1. */
    g_autoptr(SpmHost) host =
        spm_fixture_host(ONLINE("0,8,255") DRAM0 NODE("8", "2-3", GIB) NODE("255", "", GIB)
                         DIR "node0/distance = 10 40 80\n" DIR "node8/distance = 40 10 60\n"
                         DIR "node255/distance = 80 60 10\n", NULL);
    SpmHostValue near = spm_host_distance(host, 255, 8), none = spm_host_distance(host, 0, 1);
    g_autofree char *cpus = spm_nodeset_format(spm_host_node(host, 255)->local_cpus);

    g_assert_true(near.known);
    g_assert_cmpuint(near.value, ==, 60);
    g_assert_false(none.known);
    g_assert_cmpstr(cpus, ==, "2-3");
}

static void
distances_that_do_not_fit_are_unknown(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(ONLINE("0-1") DRAM0 NODE("1", "", GIB)
                                               DIR "node0/distance = 10 20 30\n" DIR "node1/distance = 10 x\n", NULL);

    g_assert_false(spm_host_distance(host, 0, 1).known);
    g_assert_false(spm_host_distance(host, 1, 0).known);
    g_assert_nonnull(spm_host_node(host, 0)->distances_why);
}

static void
a_cpu_belongs_to_one_node(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(ONLINE("0-1") NODE("0", "0-3", GIB) NODE("1", "2-5", GIB), NULL);
    g_autofree char *first = spm_nodeset_format(spm_host_node(host, 0)->cpus);
    g_autofree char *second = spm_nodeset_format(spm_host_node(host, 1)->cpus);

    g_assert_cmpstr(first, ==, "0-3");
    g_assert_cmpstr(second, ==, "4-5");
    g_assert_cmpuint(host->problems->len, ==, 1);
}

static void
soft_reserved_is_the_union_of_all_sources(void)
{
    g_autoptr(SpmHost) host =
        spm_fixture_host(ONLINE("0") DRAM0
                         "proc/iomem =\n|00001000-0009ffff : System RAM\n|  500000000-53fffffff : Soft Reserved\n"
                         "sys/firmware/memmap/0/type = Soft Reserved\n"
                         "sys/firmware/memmap/0/start = 0x100000000\n"
                         "sys/firmware/memmap/0/end = 0x17fffffff\n"
                         DAX_IN(HMEM, "dax0.0", "1", ONE_GIB), NULL);
    const SpmHostRange *half = &g_array_index(host->ranges, SpmHostRange, 0);
    const SpmHostRange *alone = &g_array_index(host->ranges, SpmHostRange, 1);

    /* dax0.0 covers the first of the two GiB of the firmware's range. */
    g_assert_cmpuint(host->ranges->len, ==, 2);
    g_assert_cmpuint(half->start, ==, 0x100000000);
    g_assert_cmpuint(half->sources, ==, SPM_HOST_SOURCE_MEMMAP | SPM_HOST_SOURCE_DAX);
    g_assert_cmpuint(half->unclaimed, ==, 0x40000000);
    g_assert_cmpuint(alone->sources, ==, SPM_HOST_SOURCE_IOMEM);
    g_assert_cmpuint(alone->unclaimed, ==, 0x40000000);
    g_assert_cmpstr(spm_host_range_next(host, alone), ==, "modprobe dax_hmem");
}

static void
zeros_in_iomem_are_no_addresses(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(
        ONLINE("0") DRAM0 "proc/iomem =\n|00000000-00000000 : System RAM\n|00000000-00000000 : Soft Reserved\n", NULL);

    g_assert_cmpuint(host->ranges->len, ==, 0);
    g_assert_nonnull(host->iomem_why);
}

#define PCI(address, klass, node)                                   \
    "sys/bus/pci/devices/" address "/class = " klass "\n"           \
    "sys/bus/pci/devices/" address "/vendor = 0x1002\n"             \
    "sys/bus/pci/devices/" address "/device = 0x74a0\n"             \
    "sys/bus/pci/devices/" address "/numa_node = " node "\n"

static void
accelerators_and_their_memory(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(
        ONLINE("0-3") DRAM0 NODE("1", "2-3", GIB) NODE("2", "", GIB) NODE("3", "", GIB)
        SPEED("0", "1000", "100") SPEED("1", "1000", "100") SPEED("2", "5000", "100") SPEED("3", "5000", "100")
        DIR "node0/distance = 10 21 13 23\n" DIR "node1/distance = 21 10 23 13\n"
        DIR "node2/distance = 13 23 10 25\n" DIR "node3/distance = 23 13 25 10\n"
        PCI("0000:41:00.0", "0x120000", "0") PCI("0000:c1:00.0", "0x038000", "1") PCI("0000:c2:00.0", "0x0b4000", "3")
        PCI("0000:05:00.0", "0x120000", "-1") PCI("0000:00:1f.0", "0x060100", "0") PCI("not:an:address", "0x120000", "0"),
        NULL);
    static const struct {
        const char *address, *nodes;
    } want[] = {
        { "0000:05:00.0", "" }, { "0000:41:00.0", "2" }, { "0000:c1:00.0", "3" }, { "0000:c2:00.0", "3" },
    };

    g_assert_cmpuint(host->accelerators->len, ==, G_N_ELEMENTS(want));
    for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
        const SpmHostAccelerator *device = g_ptr_array_index(host->accelerators, i);
        g_autofree char *nodes = spm_nodeset_format(device->spm_nodes);

        g_assert_cmpstr(device->address, ==, want[i].address);
        g_assert_cmpstr(nodes, ==, want[i].nodes);
        g_assert_cmpint(device->spm_why == NULL, ==, *nodes != '\0');
    }
}

/* The command in the output must be the one that helps. */
static void
next_steps(void)
{
    static const struct {
        const char *tree, *next;
    } steps[] = {
        { NODE("1", "", GIB) SPEED("1", "5000", "100") FREE_PAGES("1", "2048", "0"),
          "echo 480 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages" },
        /* 4 GiB free: 1 GiB pages, three of them ... */
        { NODE("1", "", "4194304") SPEED("1", "5000", "100") FREE_PAGES("1", "2048", "0") FREE_PAGES("1", "1048576", "0"),
          "echo 3 > /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages" },
        /* ... but not where all memory is movable. */
        { NODE("1", "", "4194304") SPEED("1", "5000", "100") FREE_PAGES("1", "2048", "0") FREE_PAGES("1", "1048576", "0")
          "proc/zoneinfo =\n|Node 1, zone  Movable\n|        present  1048576\n|        managed  1048576\n",
          "echo 1920 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages" },
        { NODE("1", "", "4194304") SPEED("1", "5000", "100") FREE_PAGES("1", "2048", "0") FREE_PAGES("1", "1048576", "0")
          "proc/sys/vm/movable_gigantic_pages = 1\n"
          "proc/zoneinfo =\n|Node 1, zone  Movable\n|        present  1048576\n|        managed  1048576\n",
          "echo 3 > /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages" },
        { NODE("1", "", "0") DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "kmem"),
          "daxctl online-memory --no-movable dax0.0" },
        { DAX_IN(HMEM, "dax0.0", "1", ONE_GIB), "modprobe device_dax" },
        { DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) "sys/bus/dax/drivers/device_dax/new_id = x\n",
          "echo dax0.0 > /sys/bus/dax/drivers/device_dax/new_id" },
        { DAX_IN(HMEM, "dax0.0", "1", ONE_GIB) BOUND(HMEM, "dax0.0", "fsdev_dax"),
          "echo dax0.0 > /sys/bus/dax/drivers/fsdev_dax/unbind" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *tree = g_strconcat(ONLINE("0-1") DRAM0 SPEED("0", "1000", "100"), steps[i].tree, NULL);
        g_autoptr(SpmHost) host = spm_fixture_host(tree, NULL);
        const SpmHostNode *node = spm_host_node(host, 1);

        g_assert_false(node->ready);
        g_assert_cmpuint(node->next->len, >=, 1);
        g_assert_cmpstr(g_ptr_array_index(node->next, 0), ==, steps[i].next);
    }
}

static void
ready_needs_nothing(void)
{
    g_autoptr(SpmHost) host =
        spm_fixture_host(ONLINE("0-1") DRAM0 SPEED("0", "1000", "100") NODE("1", "", GIB) SPEED("1", "5000", "100")
                         TIER("1", "1") FREE_PAGES("1", "2048", "4"), NULL);

    g_assert_true(spm_host_node(host, 1)->ready);
    g_assert_cmpuint(spm_host_node(host, 1)->next->len, ==, 0);
}

static void
contradictions_are_unknown(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(
        ONLINE("0") DIR "node0/cpulist = 0\n"
        DIR "node0/meminfo =\n|Node 0 MemTotal: 10 kB\n|Node 0 MemFree: 20 kB\n"
        DIR "node0/hugepages/hugepages-2048kB/nr_hugepages = 1\n"
        DIR "node0/hugepages/hugepages-2048kB/free_hugepages = 2\n"
        DIR "node0/hugepages/hugepages-1048576kB/nr_hugepages = 18446744073709551615\n"
        DIR "node0/hugepages/hugepages-1048576kB/free_hugepages = 18446744073709551615\n"
        DIR "node0/hugepages/hugepages-0kB/nr_hugepages = 1\n"
        DIR "node0/hugepages/hugepages-99999999999999999999kB/nr_hugepages = 1\n", NULL);
    const SpmHostNode *node = spm_host_node(host, 0);

    g_assert_false(node->free.known);
    g_assert_cmpuint(node->pages->len, ==, 2);
    g_assert_false(spm_host_node_pages(node, 2 << 20)->free.known);
    g_assert_false(spm_host_node_pages(node, 1 << 30)->free.known);
    g_assert_false(spm_host_node_pages(node, 1 << 30)->total.known);
}

/* The kernel's own limit; more would only cost time. */
static void
more_nodes_than_linux_has(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(ONLINE("0,1023,1024,16383") DRAM0 NODE("2000", "", GIB)
                                               DAX_IN(HMEM, "dax0.0", "1024", ONE_GIB), NULL);
    SpmHostDax *dax = spm_host_dax(host, "dax0.0");

    g_assert_cmpuint(host->nodes->len, ==, 2);
    g_assert_nonnull(spm_host_node(host, 1023));
    g_assert_cmpstr(spm_host_value_why(&dax->target_node), ==, "the number is larger than any node's");
}

static void
nothing_at_all(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host("proc/version = x\n", NULL);

    g_assert_cmpuint(host->nodes->len, ==, 0);
    g_assert_false(spm_host_has_spm(host));
    g_assert_cmpuint(host->problems->len, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/host/classify/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/host/classify/shared-target-is-flagged", shared_target_is_flagged);
    g_test_add_func("/host/classify/the-administrator-knows-better", the_administrator_knows_better);
    g_test_add_func("/host/distances/sparse-numbers", sparse_numbers_and_distances);
    g_test_add_func("/host/distances/that-do-not-fit-are-unknown", distances_that_do_not_fit_are_unknown);
    g_test_add_func("/host/cpus/a-cpu-belongs-to-one-node", a_cpu_belongs_to_one_node);
    g_test_add_func("/host/soft-reserved/union-of-all-sources", soft_reserved_is_the_union_of_all_sources);
    g_test_add_func("/host/soft-reserved/zeros-are-no-addresses", zeros_in_iomem_are_no_addresses);
    g_test_add_func("/host/accelerators/and-their-memory", accelerators_and_their_memory);
    g_test_add_func("/host/usable/next-steps", next_steps);
    g_test_add_func("/host/usable/ready-needs-nothing", ready_needs_nothing);
    g_test_add_func("/host/values/contradictions-are-unknown", contradictions_are_unknown);
    g_test_add_func("/host/values/more-nodes-than-linux-has", more_nodes_than_linux_has);
    g_test_add_func("/host/nothing-at-all", nothing_at_all);
    return g_test_run();
}
