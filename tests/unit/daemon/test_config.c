/*
 * The configuration file: every key, and every way to get it wrong
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/access/terms.h"
#include "daemon/config.h"
#include "daemon/log.h"

#include "unit.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_defaults(void)
{
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(config->listen, ==, "/run/virtspm/virtspm-sock");
    g_assert_cmpstr(config->upstream[0], ==, "/run/libvirt/libvirt-sock");
    g_assert_cmpstr(config->upstream[1], ==, "/run/libvirt/virtqemud-sock");
    g_assert_null(config->upstream[2]);
    g_assert_cmpuint(config->mode, ==, 0660);
    g_assert_cmpstr(config->group, ==, "libvirt");
    g_assert_false(spm_config_is_chosen(config, "group"));
    g_assert_null(config->schema);
    g_assert_true(spm_config_complete(config, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(config->listen_ro, ==, "/run/virtspm/virtspm-sock-ro");
    g_assert_cmpuint(config->mode_ro, ==, 0777);
    g_assert_cmpstr(config->upstream_ro[0], ==, "/run/libvirt/libvirt-sock-ro");
    g_assert_cmpstr(config->upstream_ro[1], ==, "/run/libvirt/virtqemud-sock-ro");
    g_assert_null(config->upstream_ro[2]);
}

static void
test_every_key(void)
{
    static const char text[] = "# a comment\n"
                               "[virtspmd]\n"
                               "listen=/run/a\n"
                               "listen-ro=/run/a2\n"
                               "upstream=/run/b;/run/c;\n"
                               "upstream-ro=/run/b2\n"
                               "mode=0600\n"
                               "mode-ro=0666\n"
                               "group=kvm\n"
                               "auth-unix-rw=polkit\n"
                               "auth-unix-ro=none\n"
                               "max-client-requests=3\n"
                               "max-client-memory=4\n"
                               "handshake-timeout=5\n"
                               "idle-timeout=6\n"
                               "log-level=2\n"
                               "log-output=file:/log\n"
                               "max-clients=7\n"
                               "schema=/usr/d.rng\n";
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autoptr(GError) error = NULL;

    g_assert_true(spm_config_parse(config, text, strlen(text), "file", &error));
    g_assert_no_error(error);
    g_assert_cmpstr(config->listen, ==, "/run/a");
    g_assert_cmpstr(config->upstream[0], ==, "/run/b");
    g_assert_cmpstr(config->upstream[1], ==, "/run/c");
    g_assert_null(config->upstream[2]);
    g_assert_cmpuint(config->mode, ==, 0600);
    g_assert_cmpuint(config->mode_ro, ==, 0666);
    g_assert_true(spm_config_complete(config, &error));
    g_assert_cmpstr(config->listen_ro, ==, "/run/a2");
    g_assert_cmpstr(config->upstream_ro[0], ==, "/run/b2");
    g_assert_null(config->upstream_ro[1]);
    g_assert_cmpstr(config->group, ==, "kvm");
    g_assert_true(spm_config_is_chosen(config, "group"));
    g_assert_cmpuint(config->auth_unix_rw, ==, SPM_AUTH_POLKIT);
    g_assert_cmpuint(config->auth_unix_ro, ==, SPM_AUTH_NONE);
    g_assert_cmpuint(config->max_client_requests, ==, 3);
    g_assert_cmpuint(config->max_client_memory, ==, 4);
    g_assert_cmpuint(config->handshake_timeout, ==, 5);
    g_assert_cmpuint(config->idle_timeout, ==, 6);
    g_assert_cmpuint(config->log_level, ==, SPM_LOG_INFO);
    g_assert_cmpstr(config->log_output, ==, "file:/log");
    g_assert_cmpuint(config->max_clients, ==, 7);
    g_assert_cmpstr(config->schema, ==, "/usr/d.rng");
}

static void
test_errors_name_file_key_and_value(void)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        { "port=16509", "unknown key 'port'" },
        { "Listen=/run/a", "unknown key 'Listen'" },
        { "listen=run/a", "key 'listen' is 'run/a', which is not an absolute path" },
        { "listen-ro=sock-ro", "key 'listen-ro' is 'sock-ro'" },
        { "upstream=", "key 'upstream'" },
        { "upstream-ro=b", "key 'upstream-ro'" },
        { "mode-ro=9", "key 'mode-ro'" },
        { "upstream=/run/a;b", "'/run/a;b', which is not absolute paths" },
        { "upstream=/run/a;;/run/b", "key 'upstream'" },
        { "mode=0x1ff", "key 'mode'" },
        { "mode=1777", "key 'mode' is '1777'" },
        { "mode=8", "key 'mode'" },
        { "mode=-1", "key 'mode'" },
        { "mode=", "key 'mode'" },
        { "group=", "key 'group'" },
        { "max-clients=0", "key 'max-clients'" },
        { "max-clients=100001", "key 'max-clients'" },
        { "max-clients=many", "key 'max-clients' is 'many'" },
        { "schema=d.rng", "key 'schema'" },
        { "auth-unix-rw=sasl", "key 'auth-unix-rw' is 'sasl', which is not none or polkit" },
        { "auth-unix-ro=", "key 'auth-unix-ro'" },
        { "max-client-requests=0", "which is not a number from 1 to 1000" },
        { "max-client-memory=1025", "key 'max-client-memory'" },
        { "handshake-timeout=-1", "key 'handshake-timeout'" },
        { "idle-timeout=1h", "key 'idle-timeout'" },
        { "log-level=0", "key 'log-level'" },
        { "log-level=Warning", "key 'log-level' is 'Warning'" },
        { "log-output=file:log", "key 'log-output'" },
        { "[elsewhere]", "unknown section [elsewhere]" },
        { "nonsense", "file:2: " },
        { "mode=0600\nmode=0600", "file:3: key 'mode' is set a second time" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("[virtspmd]\n%s\n", cases[i].line);
        g_autoptr(SpmConfig) config = spm_config_new();
        g_autoptr(GError) error = NULL;

        g_test_message("%s", cases[i].line);
        g_assert_false(spm_config_parse(config, text, strlen(text), "file", &error));
        g_assert_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
        g_assert_true(g_str_has_prefix(error->message, "file:"));
        if (!strstr(error->message, cases[i].words))
            g_error("'%s' does not say '%s'", error->message, cases[i].words);
    }
}

/* Only a socket beside the one that was chosen is sure to be of the same libvirtd. */
static void
test_read_only_sockets_are_beside_the_others(void)
{
    static const char text[] = "[virtspmd]\nlisten=/run/a\nupstream=/run/b;/run/c\n";
    g_autoptr(SpmConfig) config = spm_config_new();

    g_assert_true(spm_config_parse(config, text, strlen(text), "file", NULL));
    g_assert_true(spm_config_complete(config, NULL));
    g_assert_cmpstr(config->listen_ro, ==, "/run/a-ro");
    g_assert_cmpstr(config->upstream_ro[0], ==, "/run/b-ro");
    g_assert_cmpstr(config->upstream_ro[1], ==, "/run/c-ro");
    g_assert_null(config->upstream_ro[2]);
}

static void
test_no_read_only_socket(void)
{
    static const char text[] = "[virtspmd]\nlisten-ro=\n";
    g_autoptr(SpmConfig) config = spm_config_new();

    g_assert_true(spm_config_parse(config, text, strlen(text), "file", NULL));
    g_assert_true(spm_config_complete(config, NULL));
    g_assert_null(config->listen_ro);
}

/* A user's own: nobody else comes in, and no group is given anything. */
static void
test_a_session(void)
{
    g_autoptr(SpmConfig) config = spm_config_new_session();
    g_autofree char *listen =
        g_build_filename(g_get_user_runtime_dir(), "virtspm", "virtspm-sock", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(spm_config_complete(config, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(config->listen, ==, listen);
    g_assert_null(config->listen_ro);
    g_assert_null(config->group);
    g_assert_cmpuint(config->mode, ==, 0600);
    g_assert_true(g_str_has_suffix(config->upstream[0], "/libvirt/libvirt-sock"));
    g_assert_true(g_str_has_suffix(config->upstream[1], "/libvirt/virtqemud-sock"));

    g_assert_true(spm_config_set(config, "auth-unix-rw", "polkit", NULL));
    g_assert_false(spm_config_complete(config, &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "with --session they must be 'none'");
}

static void
test_sockets_that_contradict(void)
{
    static const struct {
        const char *lines, *words;
    } cases[] = {
        { "listen=/run/libvirt/libvirt-sock", "/run/libvirt/libvirt-sock is to be listened on" },
        { "listen-ro=/run/libvirt/libvirt-sock-ro", "talk to itself" },
        { "listen=/run/a-ro\nlisten-ro=/run/a-ro", "/run/a-ro is both 'listen' and 'listen-ro'" },
        { "upstream-ro=/run/libvirt/libvirt-sock", "'upstream-ro' must be libvirtd's read-only" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("[virtspmd]\n%s\n", cases[i].lines);
        g_autoptr(SpmConfig) config = spm_config_new();
        g_autoptr(GError) error = NULL;

        g_assert_true(spm_config_parse(config, text, strlen(text), "file", NULL));
        g_assert_false(spm_config_complete(config, &error));
        assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, cases[i].words);
    }
}

static void
test_files(void)
{
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autofree char *dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "file.conf", NULL);
    g_autofree char *long_text = g_strnfill(SPM_CONFIG_FILE_MAX + 1, '#');
    g_autoptr(GError) error = NULL;

    /* A file nobody asked for need not be there. */
    g_assert_true(spm_config_load(config, path, FALSE, &error));
    g_assert_false(spm_config_load(config, path, TRUE, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_clear_error(&error);

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_true(spm_config_load(config, path, TRUE, &error));
    g_assert_true(g_file_set_contents(path, "[virtspmd]\nmode=0666\n", -1, NULL));
    g_assert_true(spm_config_load(config, path, TRUE, &error));
    g_assert_cmpuint(config->mode, ==, 0666);

    g_assert_true(g_file_set_contents(path, long_text, -1, NULL));
    g_assert_false(spm_config_load(config, path, TRUE, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_clear_error(&error);

    /* A directory is no file. */
    g_assert_false(spm_config_load(config, dir, FALSE, &error));
    g_unlink(path);
    g_rmdir(dir);
}

static char *
read_file(const char *variable)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(g_getenv(variable), &text, NULL, NULL));
    return text;
}

/* The file that is installed shows the defaults: it changes nothing. */
static void
test_the_installed_file(void)
{
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autoptr(GError) error = NULL;

    g_assert_true(spm_config_load(config, g_getenv("SPM_TEST_CONFIG"), TRUE, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < spm_config_key_count(); i++)
        g_assert_null(config->chosen[i]);
}

static void
test_the_installed_file_shows_every_key_with_its_default(void)
{
    g_autofree char *text = read_file("SPM_TEST_CONFIG");
    g_autofree char *uncommented = NULL;
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autoptr(GRegex) hidden = g_regex_new("^#(?=[a-z0-9-]+=)", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GError) error = NULL;

    uncommented = g_regex_replace_literal(hidden, text, -1, 0, "", 0, NULL);
    g_assert_true(spm_config_parse(config, uncommented, strlen(uncommented), "file", &error));
    g_assert_no_error(error);
    for (guint i = 0; i < spm_config_key_count(); i++) {
        const SpmConfigKey *key = spm_config_key_at(i);

        g_test_message("%s", key->name);
        g_assert_cmpstr(config->chosen[i], ==, key->shown ? key->shown : key->initial);
    }
}

/* An item of a list of definitions: the key on a line, what it means below it, in
 * a section of that name. */
static void
test_the_manual_page_has_every_key(void)
{
    g_autofree char *text = read_file("SPM_TEST_MANUAL");
    const char *section = strstr(text, "\nCONFIGURATION\n===");
    g_autofree char *keys = NULL;

    g_assert_nonnull(section);
    keys = g_strndup(section, strstr(section + 1, "\nSYSTEMD\n===") - section);
    for (guint i = 0; i < spm_config_key_count(); i++) {
        g_autofree char *pattern =
            g_strdup_printf("^([a-z-]+, )*%s(, [a-z-]+)*\n    ", spm_config_key_at(i)->name);

        g_test_message("%s", spm_config_key_at(i)->name);
        g_assert_true(g_regex_match_simple(pattern, keys, G_REGEX_MULTILINE, 0));
    }
}

/* What virtspmd has to be restarted for. */
static void
test_changes_that_wait_for_a_restart(void)
{
    static const char text[] = "[virtspmd]\nlisten=/run/a\nmode=0600\nmax-clients=7\n";
    g_autoptr(SpmConfig) before = spm_config_new();
    g_autoptr(SpmConfig) after = spm_config_new();
    g_autofree char *names = NULL;

    g_assert_null(spm_config_unchangeable(before, after));
    g_assert_true(spm_config_parse(after, text, strlen(text), "file", NULL));
    names = spm_config_unchangeable(before, after);
    g_assert_cmpstr(names, ==, "listen, mode");
    /* Written out, a default is no change. */
    g_assert_true(spm_config_set(before, "listen-ro", "", NULL));
    g_assert_true(spm_config_set(before, "listen", "/run/a", NULL));
    g_assert_true(spm_config_set(after, "listen-ro", "", NULL));
    g_assert_true(spm_config_set(after, "mode", "0660", NULL));
    g_assert_null(spm_config_unchangeable(before, after));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/config/defaults", test_defaults);
    g_test_add_func("/daemon/config/every-key", test_every_key);
    g_test_add_func("/daemon/config/errors", test_errors_name_file_key_and_value);
    g_test_add_func("/daemon/config/read-only-beside", test_read_only_sockets_are_beside_the_others);
    g_test_add_func("/daemon/config/no-read-only", test_no_read_only_socket);
    g_test_add_func("/daemon/config/session", test_a_session);
    g_test_add_func("/daemon/config/contradictions", test_sockets_that_contradict);
    g_test_add_func("/daemon/config/files", test_files);
    g_test_add_func("/daemon/config/installed", test_the_installed_file);
    g_test_add_func("/daemon/config/installed-shows-all",
                    test_the_installed_file_shows_every_key_with_its_default);
    g_test_add_func("/daemon/config/manual", test_the_manual_page_has_every_key);
    g_test_add_func("/daemon/config/restart", test_changes_that_wait_for_a_restart);
    return g_test_run();
}
