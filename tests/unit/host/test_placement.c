/*
 * Which memory a cell gets: the rules of docs/placement.rst, case by case
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>
#include <time.h>

#include "hosts/fixture.h"
#include "hosts/plan.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

#define DIR "sys/devices/system/node/"
#define NODE(id, cpus, speed, distances)                                     \
    DIR "node" id "/cpulist = " cpus "\n"                                    \
    DIR "node" id "/meminfo =\n"                                             \
    "|Node " id " MemTotal: 8388608 kB\n"                                    \
    "|Node " id " MemFree:  4194304 kB\n"                                    \
    DIR "node" id "/access1/initiators/read_bandwidth = " speed "\n"         \
    DIR "node" id "/distance = " distances "\n"
#define PAGES(id, size, total, free)                                                \
    DIR "node" id "/hugepages/hugepages-" size "kB/nr_hugepages = " total "\n"      \
    DIR "node" id "/hugepages/hugepages-" size "kB/free_hugepages = " free "\n"
#define PCI(address, node)                                           \
    "sys/bus/pci/devices/" address "/class = 0x120000\n"             \
    "sys/bus/pci/devices/" address "/numa_node = " node "\n"
#define DEVDAX(name, node, size)                                                        \
    "sys/devices/platform/hmem.0/" name "/size = " size "\n"                            \
    "sys/devices/platform/hmem.0/" name "/align = 2097152\n"                            \
    "sys/devices/platform/hmem.0/" name "/target_node = " node "\n"                     \
    "sys/devices/platform/hmem.0/" name "/driver -> ../../../bus/dax/drivers/device_dax\n" \
    "sys/bus/dax/devices/" name " -> ../../../devices/platform/hmem.0/" name "\n"

/* Two packages, each with an HBM node; node 4 is far memory, node 5 a device.
 * Free: node 2: 2 GiB in 2 MiB pages; node 3: 1 GiB in 2 MiB and 2 in 1 GiB
 * pages; node 4: 1 GiB; node 5: /dev/dax0.0 of 4 GiB, /dev/dax0.1 of 1 GiB. */
static const char two_packages[] =
    DIR "online = 0-4\n"
    NODE("0", "0-3", "1000", "10 21 13 23 30") NODE("1", "4-7", "1000", "21 10 23 13 30")
    NODE("2", "", "5000", "13 23 10 25 40") NODE("3", "", "5000", "23 13 25 10 40")
    NODE("4", "", "100", "30 30 40 40 10")
    PAGES("0", "2048", "1024", "1024") PAGES("2", "2048", "1024", "1024") PAGES("2", "1048576", "0", "0")
    PAGES("3", "2048", "1024", "512") PAGES("3", "1048576", "2", "2") PAGES("4", "2048", "512", "512")
    PCI("0000:41:00.0", "0") PCI("0000:c1:00.0", "1")
    DEVDAX("dax0.0", "5", "4294967296") DEVDAX("dax0.1", "5", "1073741824");

static const struct {
    const char *name, *request, *answer;
} cases[] = {
    { "tightest-fit", "cell=1:512MiB",
      "cell 1, automatic: node 3, hugepages of 2 MiB, 4 threads (hbm; the tightest fit)\n" },
    { "largest-page-size-that-divides-and-fits", "cell=1:2GiB@3",
      "cell 1, as written: node 3, hugepages of 1 GiB, 2 threads (the domain names the node (hbm))\n" },
    { "smaller-pages-when-the-larger-are-too-few", "cell=1:2GiB@2",
      "cell 1, as written: node 2, hugepages of 2 MiB, 4 threads (the domain names the node (hbm))\n" },
    { "the-user's-page-size-is-kept", "cell=1:1GiB/2MiB@3",
      "cell 1, as written: node 3, hugepages of 2 MiB, 4 threads (the domain names the node (hbm))\n" },
    { "no-more-threads-than-pages", "cell=1:1GiB/1GiB@3",
      "cell 1, as written: node 3, hugepages of 1 GiB, 1 threads (the domain names the node (hbm))\n" },
    { "accelerator-before-tightest-fit", "cell=1:512MiB device=0000:41:00.0",
      "cell 1, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; the node of the domain's accelerator)\n" },
    { "accelerator-before-pinning", "cell=1:512MiB device=0000:41:00.0 cpus=4-5",
      "cell 1, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; the node of the domain's accelerator)\n" },
    { "two-accelerators-two-cells", "cell=1:512MiB cell=2:512MiB device=0000:41:00.0 device=0000:c1:00.0",
      "cell 1, automatic: node 3, hugepages of 2 MiB, 4 threads (hbm; the node of the domain's accelerator)\n"
      "cell 2, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; the node of the domain's accelerator)\n" },
    { "accelerator-without-room-is-no-reason-to-refuse", "cell=1:4GiB device=0000:41:00.0",
      "cell 1, automatic: node 5, /dev/dax0.0, align 2 MiB (unclaimed-spm; there is no room near the domain's "
      "accelerator, on node 2)\n" },
    { "pinning-before-tightest-fit", "cell=1:512MiB cpus=0-1",
      "cell 1, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; of those with room the nearest to the CPUs the domain is pinned to)\n" },
    { "where-it-was-before", "cell=1:512MiB!2 cpus=4",
      "cell 1, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; it was here before and still fits)\n" },
    { "elsewhere-when-it-no-longer-fits", "cell=1:2GiB!3 promise=3/1GiB:1GiB",
      "cell 1, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; the tightest fit)\n" },
    { "the-device-it-had-before", "cell=1:512MiB!dax0.0",
      "cell 1, automatic: node 5, /dev/dax0.0, align 2 MiB (unclaimed-spm; it was here before and still fits)\n" },
    { "a-device-for-a-node-without-ram", "cell=1:512MiB@5",
      "cell 1, as written: node 5, /dev/dax0.1, align 2 MiB (the domain names the node (unclaimed-spm))\n" },
    { "a-device-belongs-to-one", "cell=1:512MiB@5 promise=dax0.1",
      "cell 1, as written: node 5, /dev/dax0.0, align 2 MiB (the domain names the node (unclaimed-spm))\n" },
    { "no-device-left", "cell=1:512MiB@5 promise=dax0.0 promise=dax0.1",
      "refused: no room for SPM cell 1 (512 MiB): /dev/dax0.0 of node 5 is in use by domain 'other'; "
      "/dev/dax0.1 of node 5 is in use by domain 'other'\n" },
    { "a-device-belongs-to-one-cell", "cell=1:4GiB@5 cell=2:4GiB@5",
      "refused: no room for SPM cell 2 (4 GiB): /dev/dax0.0 of node 5 is in use by another cell; "
      "/dev/dax0.1 of node 5: needed is 4 GiB, it has 1 GiB\n" },
    { "a-device's-align", "cell=1:3MiB@5",
      "refused: no room for SPM cell 1 (3 MiB): /dev/dax0.0 of node 5: 3 MiB is not a multiple of its align, 2 MiB; "
      "/dev/dax0.1 of node 5: 3 MiB is not a multiple of its align, 2 MiB\n" },
    { "a-device-has-no-larger-pages", "cell=1:1GiB/1GiB@5",
      "refused: no room for SPM cell 1 (1 GiB): /dev/dax0.0 of node 5: its align, 2 MiB, is not a multiple of the "
      "page size the cell asks for, 1 GiB; /dev/dax0.1 of node 5: its align, 2 MiB, is not a multiple of the page "
      "size the cell asks for, 1 GiB\n" },
    { "several-nodes", "cell=1:3GiB/2MiB@2-3",
      "cell 1, as written: node 2-3, hugepages of 2 MiB, 8 threads (the domain names the node (hbm))\n" },
    { "several-nodes-may-starve-one", "cell=1:1GiB/2MiB@2-3 cell=2:2GiB/2MiB@2",
      "refused: no room for SPM cell 1 (1 GiB): nodes 2-3: needed hugepages of 2 MiB: 512, free and not promised: 512\n" },
    { "several-nodes-need-ram", "cell=1:1GiB@2,5",
      "refused: no room for SPM cell 1 (1 GiB): a cell on several nodes needs system RAM on all of them; "
      "node 5 (unclaimed-spm): /dev/dax0.0, 4 GiB, align 2 MiB\n" },
    { "promises-count", "cell=1:512MiB@3 promise=3/2MiB:768MiB promise=3/1GiB:2GiB",
      "refused: no room for SPM cell 1 (512 MiB): node 3 (hbm): needed hugepages of 2 MiB: 256, free: 512, of these "
      "promised to other cells or domains: 384; reserve more: "
      "echo 1152 > /sys/devices/system/node/node3/hugepages/hugepages-2048kB/nr_hugepages\n" },
    { "promises-of-another-size-do-not", "cell=1:1GiB/2MiB@3 promise=3/1GiB:2GiB",
      "cell 1, as written: node 3, hugepages of 2 MiB, 4 threads (the domain names the node (hbm))\n" },
    { "never-dram-by-itself", "cell=1:16MiB promise=2/2MiB:2GiB promise=3/2MiB:1GiB promise=3/1GiB:2GiB "
      "promise=dax0.0 promise=dax0.1",
      "refused: no room for SPM cell 1 (16 MiB): node 2 (hbm): needed hugepages of 2 MiB: 8, free: 1024, of these "
      "promised to other cells or domains: 1024; reserve more: "
      "echo 1032 > /sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages; node 3 (hbm): needed "
      "hugepages of 2 MiB: 8, free: 512, of these promised to other cells or domains: 512; reserve more: "
      "echo 1032 > /sys/devices/system/node/node3/hugepages/hugepages-2048kB/nr_hugepages; /dev/dax0.0 of node 5 is "
      "in use by domain 'other'; /dev/dax0.1 of node 5 is in use by domain 'other'\n" },
    { "dram-when-it-is-named", "cell=1:16MiB@0",
      "cell 1, as written: node 0, hugepages of 2 MiB, 4 threads (the domain names the node (dram))\n" },
    { "far-when-it-is-allowed", "cell=1:16MiB allow=far",
      "cell 1, automatic: node 4, hugepages of 2 MiB, 8 threads (far; the tightest fit)\n" },
    { "ordinary-pages-only-when-allowed", "cell=1:20480KiB/4KiB@2",
      "refused: cell 1 asks for ordinary pages, but SPM cells need hugepages; the host has 2 MiB, 1 GiB "
      "(ordinary-pages=true in [host] of /etc/virtspm/virtspm.conf allows it)\n" },
    { "ordinary-pages", "cell=1:20480KiB/4KiB@2 ordinary",
      "cell 1, as written: node 2, ordinary pages, 4 threads (the domain names the node (hbm))\n" },
    { "ordinary-pages-are-the-last-choice", "cell=1:3GiB@2 ordinary",
      "cell 1, as written: node 2, ordinary pages, 4 threads (the domain names the node (hbm))\n" },
    { "explicit-cells-choose-first", "cell=1:1GiB/2MiB cell=2:1GiB/2MiB@3 promise=dax0.1",
      "cell 1, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; the tightest fit)\n"
      "cell 2, as written: node 3, hugepages of 2 MiB, 4 threads (the domain names the node (hbm))\n" },
    { "a-later-cell-may-move-an-earlier-one",
      "cell=1:2GiB cell=2:1026MiB/2MiB promise=dax0.0 promise=dax0.1",
      "cell 1, automatic: node 3, hugepages of 1 GiB, 2 threads (hbm; the tightest fit)\n"
      "cell 2, automatic: node 2, hugepages of 2 MiB, 4 threads (hbm; the tightest fit)\n" },
    { "page-size-that-does-not-divide", "cell=1:1536MiB/1GiB",
      "refused: the size of cell 1, 1536 MiB, is not a multiple of its page size, 1 GiB\n" },
    { "page-size-the-host-does-not-have", "cell=1:1GiB/16MiB",
      "refused: cell 1 asks for hugepages of 16 MiB, but the host has 2 MiB, 1 GiB\n" },
    { "more-than-there-is", "cell=1:16GiB@2",
      "refused: no room for SPM cell 1 (16 GiB): node 2 (hbm): it has only 8 GiB of memory in all\n" },
    { "free-memory-for-more-pages", "cell=1:3GiB@2",
      "refused: no room for SPM cell 1 (3 GiB): node 2 (hbm): needed hugepages of 1 GiB: 3, free: 0; reserve more: "
      "echo 3 > /sys/devices/system/node/node2/hugepages/hugepages-1048576kB/nr_hugepages\n" },
    { "pages-of-another-size-lie-idle", "cell=1:6GiB/1GiB@2",
      "refused: no room for SPM cell 1 (6 GiB): node 2 (hbm): needed hugepages of 1 GiB: 6, free: 0; 4 GiB of the "
      "node's memory is free, too little for more: give back pages of another size (echo 0 > "
      "/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages), then reserve: echo 6 > "
      "/sys/devices/system/node/node2/hugepages/hugepages-1048576kB/nr_hugepages\n" },
    { "somebody-else-has-the-memory", "cell=1:7GiB/1GiB@2",
      "refused: no room for SPM cell 1 (7 GiB): node 2 (hbm): needed hugepages of 1 GiB: 7, free: 0; 4 GiB of the "
      "node's memory is free, too little for more: stop or move what uses the node (numastat -m; numastat -p qemu)\n" },
    { "no-such-node", "cell=1:16MiB@9",
      "refused: cell 1 is bound to host node 9, which does not exist; online are nodes 0-4 (spm-host-probe shows them)\n" },
    { "no-such-class", "cell=1:16MiB allow=pmem",
      "refused: no memory for SPM cell 1 (16 MiB): no node of this host is of class pmem; spm-host-probe shows what "
      "the host has, and [host] nodeN-class in /etc/virtspm/virtspm.conf can say what a node is\n" },
    { "no-memory", "cell=1:0b", "refused: cell 1 has no memory\n" },
    { "an-unknown-device-prefers-nothing", "cell=1:512MiB device=0000:99:00.0",
      "cell 1, automatic: node 3, hugepages of 2 MiB, 4 threads (hbm; the tightest fit)\n" },
    { "no-cells", "", "" },
};

static void
test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(SpmHost) host = spm_fixture_host(two_packages, NULL);
    g_autoptr(SpmPlan) plan = spm_plan_parse(cases[i].request);
    g_autofree char *answer = spm_plan_answer(host, plan);

    g_assert_cmpstr(answer, ==, cases[i].answer);
}

/* 1 GiB pages of a node whose memory is all movable. */
static void
gigantic_pages_on_movable_memory(void)
{
    static const struct {
        const char *more, *answer;
    } kernels[] = {
        { "", "refused: no room for SPM cell 1 (1 GiB): node 1 (hbm): needed hugepages of 1 GiB: 1, free: 0; its "
              "memory is in zone Movable, and this kernel makes no 1 GiB pages there: bring the memory online in zone "
              "Normal (daxctl online-memory --no-movable)\n" },
        { "proc/sys/vm/movable_gigantic_pages = 0\n",
          "refused: no room for SPM cell 1 (1 GiB): node 1 (hbm): needed hugepages of 1 GiB: 1, free: 0; its memory is "
          "in zone Movable, where the kernel makes 1 GiB pages only after sysctl vm.movable_gigantic_pages=1\n" },
        { "proc/sys/vm/movable_gigantic_pages = 1\n",
          "refused: no room for SPM cell 1 (1 GiB): node 1 (hbm): needed hugepages of 1 GiB: 1, free: 0; reserve "
          "more: echo 1 > /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(kernels); i++) {
        g_autofree char *tree = g_strconcat(
            DIR "online = 0-1\n" NODE("0", "0", "1000", "10 20") NODE("1", "", "5000", "20 10")
            PAGES("1", "2048", "0", "0") PAGES("1", "1048576", "0", "0")
            "proc/zoneinfo =\n|Node 1, zone  Movable\n|        present  2097152\n|        managed  2097152\n",
            kernels[i].more, NULL);
        g_autoptr(SpmHost) host = spm_fixture_host(tree, NULL);
        g_autoptr(SpmPlan) plan = spm_plan_parse("cell=1:1GiB/1GiB");
        g_autofree char *answer = spm_plan_answer(host, plan);

        g_assert_cmpstr(answer, ==, kernels[i].answer);
    }
}

/* Naming a DRAM node whose devdax device is SPM means the device. */
static void
a_device_that_shares_its_node_with_dram(void)
{
    const char *tree = DIR "online = 0\n" NODE("0", "0", "1000", "10") PAGES("0", "2048", "512", "512")
        DEVDAX("dax0.0", "0", "1073741824");
    g_autoptr(SpmHost) host = spm_fixture_host(tree, NULL);
    g_autoptr(SpmPlan) named = spm_plan_parse("cell=1:1GiB@0");
    g_autoptr(SpmPlan) automatic = spm_plan_parse("cell=1:512MiB");
    g_autoptr(SpmPlan) both = spm_plan_parse("cell=1:1GiB@0 cell=2:512MiB@0");
    g_autofree char *first = spm_plan_answer(host, named);
    g_autofree char *second = spm_plan_answer(host, automatic);
    g_autofree char *third = spm_plan_answer(host, both);

    g_assert_cmpstr(first, ==, "cell 1, as written: node 0, /dev/dax0.0, align 2 MiB "
                               "(the domain names the node (unclaimed-spm))\n");
    g_assert_cmpstr(second, ==, "cell 1, automatic: node 0, /dev/dax0.0, align 2 MiB (unclaimed-spm; the tightest fit)\n");
    g_assert_cmpstr(third, ==, "cell 1, as written: node 0, /dev/dax0.0, align 2 MiB "
                               "(the domain names the node (unclaimed-spm))\n"
                               "cell 2, as written: node 0, hugepages of 2 MiB, 1 threads (the domain names the node (dram))\n");
}

/* More cells than there is room for: no answer may take ages to find. */
static void
hopeless_searches_end(void)
{
    g_autoptr(SpmHost) host = spm_fixture_host(two_packages, NULL);
    g_autoptr(SpmPlan) plan = spm_plan_parse("");
    g_autoptr(GError) error = NULL;
    clock_t start = clock();

    for (guint i = 0; i < 64; i++)
        spm_placement_request_add(plan->request, i, (i % 7 + 60) * 2 * SPM_MIB)->page_size = 2 * SPM_MIB;
    g_assert_null(spm_placement_find(host, plan->request, NULL, NULL, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED);
    /* Of the CPU's time: the machine may have other things to do. */
    g_assert_cmpint(clock() - start, <, 5 * CLOCKS_PER_SEC);
    g_test_message("%ld ms", (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/host/placement/%s", cases[i].name);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/host/placement/gigantic-pages-on-movable-memory", gigantic_pages_on_movable_memory);
    g_test_add_func("/host/placement/a-device-that-shares-its-node-with-dram", a_device_that_shares_its_node_with_dram);
    g_test_add_func("/host/placement/hopeless-searches-end", hopeless_searches_end);
    return g_test_run();
}
