/*
 * virtspmd: libvirt, and SPM cells in its domains
 *
 *     client  <--- UNIX socket --->  virtspmd  <--- UNIX socket --->  libvirtd
 *
 * There are two sockets, as libvirtd has: whoever comes in through the read-only
 * one gets a connection to libvirtd's read-only one, whatever it asks for.
 *
 * With TLS, which is off unless it is configured, clients come from other hosts too, to a
 * TCP socket, with certificates as libvirtd's own TLS clients have.
 *
 * virtspmd stands between libvirt's clients and libvirtd and speaks libvirt's
 * own protocol with both. Each client has one connection to libvirtd's own socket.
 * virtspmd keeps nothing: stopped, it leaves every domain, definition and guest
 * as they are, and libvirtd's own socket goes on serving.
 *
 * What passes: everything the table of procedures (rpc/rpc_procedures.c) does not
 * name, byte for byte and in the order it comes: calls, replies, events, streams,
 * file descriptors, keepalive; of any program, and of any version of libvirt.
 *
 * What is rewritten:
 *   - domain XML that asks for SPM, wherever in a call it is, to stock XML that does
 *     the same (lowering);
 *   - stock domain XML that holds SPM cells, in replies, back to what the user wrote
 *     (raising); but not in those that a migration hands to another host;
 *   - capabilities: which kinds of SPM cells this host can do, and where.
 *
 * What is refused, with a libvirt error that says why:
 *   - an SPM request that cannot be fulfilled here;
 *   - starting a domain with SPM cells on an emulator that can no longer do it;
 *   - save, managed save, snapshot with memory and migration of a running domain
 *     whose emulator would lose the contents of its SPM, and bringing one back
 *     without them;
 *   - a size of memory that the balloon would take otherwise than it is meant;
 *   - detaching, updating or attaching memory of an SPM cell;
 *   - speaking for another user, unless root does.
 *
 * What is added: the client's identity, told to libvirtd right after the connection
 * is opened, because libvirtd sees virtspmd as its peer. And questions that
 * virtspmd must ask libvirtd to decide about a call; the client never sees them.
 *
 * What it cannot do: see what goes past it. libvirtd's other sockets
 * (admin, TCP, TLS), its own doing (autostart, saving guests when the host shuts
 * down), and raw monitor commands are as stock libvirt has them.
 *
 * Layers: daemon (settings, signals) - server (all clients) - session (one client) - side (one socket) -
 * parser and queue; intercept*.c hold what is done to the calls in the table.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/daemon.h"
#include "daemon/io/memory.h"
#include "daemon/log.h"

#include <locale.h>

typedef struct {
    char *listen;
    char **upstream;
    char *config;
    gboolean session;
    gboolean verbose;
    gboolean version;
} Options;

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        { "listen", 'l', 0, G_OPTION_ARG_FILENAME, &options->listen,
          "Listen on this socket (" SPM_CONFIG_DEFAULT_LISTEN ")", "PATH" },
        { "upstream", 'u', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->upstream,
          "Connect to libvirtd on this socket; may be repeated, the first that answers is taken",
          "PATH" },
        { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
          "Read this configuration (" SPM_CONFIG_PATH ")", "FILE" },
        { "session", 0, 0, G_OPTION_ARG_NONE, &options->session,
          "Serve this user's own libvirtd, which is started when it is needed", NULL },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
          "Log all that happens (log-level=debug)", NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &options->version, "Print the version and leave",
          NULL },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- SPM cells for libvirt's domains");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument '%s'",
                    (*argv)[1]);
        return FALSE;
    }
    return TRUE;
}

/* The file first, then the command line. (SpmConfigureFunc) */
static SpmConfig *
configure(gpointer data, GError **error)
{
    const Options *options = data;
    g_autoptr(SpmConfig) config = options->session ? spm_config_new_session() : spm_config_new();
    g_autofree char *path = options->session ? spm_config_session_path() : g_strdup(SPM_CONFIG_PATH);

    if (!spm_config_load(config, options->config ? options->config : path, options->config != NULL,
                         error))
        return NULL;
    if (options->listen) {
        g_autofree char *listen = g_canonicalize_filename(options->listen, NULL);

        if (!spm_config_set(config, "listen", listen, error))
            return NULL;
    }
    if (options->upstream) {
        g_strfreev(config->upstream);
        config->upstream = g_strdupv(options->upstream);
    }
    if (options->verbose)
        config->log_level = SPM_LOG_DEBUG;
    return spm_config_complete(config, error) ? g_steal_pointer(&config) : NULL;
}

int
main(int argc, char **argv)
{
    Options options = { 0 };
    g_autoptr(GError) error = NULL;
    int status = 0;

    spm_memory_init();
    setlocale(LC_ALL, "");
    if (!parse_options(&argc, &argv, &options, &error)) {
        g_printerr("virtspmd: %s\n", error->message);
        status = 2;
    } else if (options.version) {
        g_print("virtspmd " SPM_VERSION "\n");
    } else {
        spm_log_begin();
        if (!spm_daemon_run(configure, &options, &error)) {
            g_printerr("virtspmd: %s\n", error->message);
            status = 1;
        }
    }
    g_free(options.listen);
    g_strfreev(options.upstream);
    g_free(options.config);
    return status;
}
