/*
 * spm-host-probe: what HBM and Specific-Purpose Memory this host has
 *
 * Reads (never writes) sysfs and procfs, says of each NUMA node what its memory
 * is and why, whether a guest's SPM cell can be made of it, and the command
 * that makes it ready. Talks to nobody unless asked to (--connect).
 *
 * Exit status: 0 when SPM-capable memory was found, 3 when there is none,
 * 1 when something failed, 2 when it was called wrongly.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe/connect.h"
#include "probe/probe.h"
#include "util/spm_error.h"

enum {
    EXIT_FOUND = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NONE = 3,
};

typedef struct {
    char *sysroot, *config, *svg, *domains, *connect;
    gboolean json, distances, version;
    int explain; /* -1: not asked for */
    int watch;   /* seconds, 0: once */
} Options;

/* --watch takes its seconds after "=" only, because they are optional. */
static gboolean
parse_watch(const char *name, const char *value, gpointer data, GError **error)
{
    Options *options = data;
    char *end;
    guint64 seconds = value ? g_ascii_strtoull(value, &end, 10) : 2;

    if (value && (!g_ascii_isdigit(*value) || *end != '\0' || seconds < 1 || seconds > 86400)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s=%s: expected seconds, 1 to 86400", name, value);
        return FALSE;
    }
    options->watch = (int)seconds;
    return TRUE;
}

static gboolean
parse_options(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL },
        { "explain", 'e', 0, G_OPTION_ARG_INT, &options->explain, "Tell everything about one node", "NODE" },
        { "distances", 'd', 0, G_OPTION_ARG_NONE, &options->distances, "Add the matrix of distances", NULL },
        { "watch", 'w', G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (gpointer)parse_watch,
          "Refresh every 2 (or so many) seconds", "SECONDS" },
        { "svg", 0, 0, G_OPTION_ARG_FILENAME, &options->svg, "Draw the host into this file ('-': standard output)",
          "FILE" },
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &options->connect, "Ask libvirt which domains use the memory",
          "URI" },
        { "domains", 0, 0, G_OPTION_ARG_FILENAME, &options->domains, "Read which domains use the memory", "FILE" },
        { "sysroot", 0, 0, G_OPTION_ARG_FILENAME, &options->sysroot, "Read DIR/sys and DIR/proc", "DIR" },
        { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "Configuration file (" SPM_CONFIG_FILE ")", "FILE" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- what HBM this host has, and what to do next");
    GOptionGroup *group = g_option_group_new(NULL, NULL, NULL, options, NULL);

    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "'%s' is one argument too many", (*argv)[1]);
        return FALSE;
    }
    if (options->explain < -1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--explain=%d: expected the number of a node",
                    options->explain);
        return FALSE;
    }
    if (options->json + (options->explain != -1) + (options->svg != NULL) > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "only one of --json, --explain and --svg");
        return FALSE;
    }
    if (options->connect && options->domains) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "only one of --connect and --domains");
        return FALSE;
    }
    return TRUE;
}

static GPtrArray *
read_usages(const Options *options, GError **error)
{
    g_autofree char *text = NULL;

    if (options->connect) {
        text = spm_probe_ask_libvirt(options->connect, error);
        return text ? spm_probe_usages_parse(text, options->connect, error) : NULL;
    }
    if (!options->domains)
        return g_ptr_array_new();
    if (!g_file_get_contents(options->domains, &text, NULL, error))
        return NULL;
    return spm_probe_usages_parse(text, options->domains, error);
}

static gboolean
write_text(const char *file, const char *text, GError **error)
{
    if (file && !g_str_equal(file, "-"))
        return g_file_set_contents(file, text, -1, error);
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return TRUE;
    g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot write to standard output: %s", g_strerror(errno));
    return FALSE;
}

static gboolean
show(const Options *options, const SpmHost *host, GError **error)
{
    g_autoptr(GPtrArray) usages = read_usages(options, error);
    g_autofree char *text = NULL;

    if (!usages)
        return FALSE;
    if (options->json)
        text = spm_probe_json(host, usages);
    else if (options->svg)
        text = spm_probe_svg(host, usages);
    else if (options->explain != -1)
        text = spm_probe_explain(host, (guint)options->explain, error);
    else
        text = spm_probe_table(host, usages, options->distances);
    if (!text)
        return FALSE;
    if (options->watch && !options->svg && isatty(STDOUT_FILENO)) {
        g_autofree char *cleared = g_strconcat("\033[H\033[2J", text, NULL);

        return write_text(NULL, cleared, error);
    }
    return write_text(options->svg, text, error);
}

static int
run(const Options *options, GError **error)
{
    g_autoptr(SpmHostRoot) root = spm_host_root_open(options->sysroot, SPM_HOST_ROOT_DEFAULT, error);
    g_autoptr(SpmHostConfig) config = root ? spm_host_config_load(options->config, error) : NULL;

    if (!config)
        return EXIT_FAILED;
    for (;;) {
        g_autoptr(SpmHost) host = spm_host_read(root);

        spm_host_classify(host, config);
        if (!show(options, host, error))
            return EXIT_FAILED;
        if (!options->watch)
            return spm_host_has_spm(host) ? EXIT_FOUND : EXIT_NONE;
        sleep((guint)options->watch);
    }
}

int
main(int argc, char **argv)
{
    Options options = { .explain = -1 };
    g_autoptr(GError) error = NULL;
    int status = EXIT_USAGE;

    if (!parse_options(&options, &argc, &argv, &error)) {
        fprintf(stderr, "spm-host-probe: %s\n", error->message);
    } else if (options.version) {
        puts("spm-host-probe " SPM_VERSION);
        status = EXIT_FOUND;
    } else {
        status = run(&options, &error);
        if (error)
            fprintf(stderr, "spm-host-probe: %s\n", error->message);
    }
    g_free(options.sysroot);
    g_free(options.config);
    g_free(options.svg);
    g_free(options.domains);
    g_free(options.connect);
    return status;
}
