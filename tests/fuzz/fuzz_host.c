/*
 * fuzz_host: a hostile host
 *
 * The input is a tree as text (tests/hosts/tree.h); a line that makes no sense
 * is left out. The tree is made in a directory, read, classified, shown in all
 * ways and asked for memory. Seeds: corpus/host, and tests/hosts/trees.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"
#include "host/host_classify.h"
#include "hosts/plan.h"
#include "hosts/tree.h"
#include "probe/probe.h"

/* Larger trees find nothing new and take long. */
#define INPUT_MAX (64 * 1024)
/* Nodes that are explained one by one. */
#define EXPLAIN_MAX 8

static const char requests[] = "cell=1:16MiB\n"
                               "cell=1:2MiB@0 cell=2:2MiB cell=3:1GiB\n"
                               "cell=1:4MiB@0-3 cell=2:2MiB@1 promise=1/2MiB:2MiB promise=dax0.0 cpus=0-1\n"
                               "cell=1:2MiB device=0000:00:05.0 allow=dram,hbm,far,pmem,gpu,none,unclaimed-spm ordinary\n";

static void
look_at(SpmHostRoot *root)
{
    g_autoptr(SpmHost) host = spm_host_read(root);
    g_autoptr(GPtrArray) usages = spm_probe_usages_parse("vm 0-3 2097152 4096\nvm2 - 0 4096 dax0.0\n", "fuzz", NULL);
    g_autofree char *table = NULL;
    g_autofree char *json = NULL;
    g_autofree char *svg = NULL;
    g_autofree char *plan = NULL;

    spm_host_classify(host, NULL);
    table = spm_probe_table(host, usages, host->nodes->len < 64);
    json = spm_probe_json(host, usages);
    svg = spm_probe_svg(host, usages);
    plan = spm_plan_all(host, requests);
    for (guint i = 0; i < MIN(host->nodes->len, EXPLAIN_MAX); i++)
        g_free(spm_probe_explain(host, ((SpmHostNode *)g_ptr_array_index(host->nodes, i))->id, NULL));
    spm_host_has_spm(host);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gboolean prepared;
    SpmHostRoot *root;
    char *directory;

    if (!prepared) {
        /* Memory is faster than a disk. */
        g_setenv("TMPDIR", g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir(), TRUE);
        prepared = TRUE;
    }
    if (size > INPUT_MAX)
        return 0;
    directory = spm_tree_unpack_temporary((const char *)data, size, FALSE, NULL);
    if (!directory)
        return 0;
    /* One bit of the input chooses how links are followed. */
    root = spm_host_root_open(directory, size % 2 ? SPM_HOST_ROOT_WALK : SPM_HOST_ROOT_DEFAULT, NULL);
    if (root)
        look_at(root);
    spm_host_root_free(root);
    spm_tree_remove(directory);
    return 0;
}
