/*
 * fixture.c: a classified host from the text of a tree
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "hosts/fixture.h"

#include <string.h>

#include "hosts/tree.h"

SpmHost *
spm_fixture_host(const char *tree, const char *config)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmHostConfig) parsed = NULL;
    g_autoptr(SpmHostRoot) root = NULL;
    SpmHost *host;
    char *directory = spm_tree_unpack_temporary(tree, strlen(tree), TRUE, &error);

    g_assert_no_error(error);
    parsed = spm_host_config_parse(config ? config : "", config ? strlen(config) : 0, SPM_CONFIG_FILE, &error);
    g_assert_no_error(error);
    root = spm_host_root_open(directory, SPM_HOST_ROOT_DEFAULT, &error);
    g_assert_no_error(error);
    host = spm_host_read(root);
    spm_host_classify(host, parsed);
    spm_tree_remove(directory);
    return host;
}
