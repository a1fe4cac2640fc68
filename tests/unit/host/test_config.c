/*
 * What an administrator may write in [host], and what he is told when it is wrong
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_config.h"
#include "util/spm_error.h"

static SpmHostConfig *
parse(const char *text, GError **error)
{
    return spm_host_config_parse(text, strlen(text), "/etc/v.conf", error);
}

static void
all_keys(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmHostConfig) config = parse("# a comment\n"
                                            "[daemon]\nanything=goes here\n"
                                            "[host]\n"
                                            "node2-class=hbm\n"
                                            "node16-class = far\n"
                                            "allow-classes=hbm; far\n"
                                            "ordinary-pages=true\n",
                                            &error);
    SpmHostClass klass;

    g_assert_no_error(error);
    g_assert_true(spm_host_config_class(config, 2, &klass));
    g_assert_cmpint(klass, ==, SPM_HOST_CLASS_HBM);
    g_assert_true(spm_host_config_class(config, 16, &klass));
    g_assert_cmpint(klass, ==, SPM_HOST_CLASS_FAR);
    g_assert_false(spm_host_config_class(config, 1, &klass));
    g_assert_true(spm_host_config_allows(config, SPM_HOST_CLASS_FAR));
    g_assert_false(spm_host_config_allows(config, SPM_HOST_CLASS_UNCLAIMED_SPM));
    g_assert_true(config->ordinary_pages);
}

static void
nothing_said(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmHostConfig) config = parse("", &error);

    g_assert_no_error(error);
    for (guint i = 0; i <= SPM_HOST_CLASS_LAST; i++)
        g_assert_cmpint(spm_host_config_allows(config, (SpmHostClass)i), ==,
                        i == SPM_HOST_CLASS_HBM || i == SPM_HOST_CLASS_UNCLAIMED_SPM);
    g_assert_false(config->ordinary_pages);
}

static void
mistakes_are_named(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "[host]\nnode2-klass=hbm\n", "/etc/v.conf:2: [host] has an unknown key 'node2-klass'; "
                                       "the keys are nodeN-class, allow-classes, ordinary-pages and placement" },
        { "[host]\nnode-class=hbm\n", "/etc/v.conf:2: [host] has an unknown key 'node-class'; "
                                      "the keys are nodeN-class, allow-classes, ordinary-pages and placement" },
        { "[host]\nnode99999-class=hbm\n", "/etc/v.conf:2: [host] has an unknown key 'node99999-class'; "
                                           "the keys are nodeN-class, allow-classes, ordinary-pages and placement" },
        { "[host]\nnode2-class=fast\n",
          "/etc/v.conf:2: [host] node2-class: there is no memory class 'fast'; "
          "the classes are dram, hbm, far, pmem, gpu, unclaimed-spm and none" },
        { "[host]\nallow-classes=hbm;all\n",
          "/etc/v.conf:2: [host] allow-classes: there is no memory class 'all'; "
          "the classes are dram, hbm, far, pmem, gpu, unclaimed-spm and none" },
        { "[host]\nordinary-pages=1\n",
          "/etc/v.conf:2: [host] ordinary-pages must be 'true' or 'false', not '1'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(cases[i].text, &error));
        g_assert_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void
not_a_key_file(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(parse("node2-class=hbm\n", &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
    g_assert_true(g_str_has_prefix(error->message, "/etc/v.conf:1: "));
}

static void
a_file_that_was_asked_for_must_exist(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_host_config_load("/nonexistent/v.conf", &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_SYSTEM);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/config/all-keys", all_keys);
    g_test_add_func("/host/config/nothing-said", nothing_said);
    g_test_add_func("/host/config/mistakes-are-named", mistakes_are_named);
    g_test_add_func("/host/config/not-a-key-file", not_a_key_file);
    g_test_add_func("/host/config/a-file-that-was-asked-for-must-exist", a_file_that_was_asked_for_must_exist);
    return g_test_run();
}
