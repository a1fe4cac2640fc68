/*
 * daemon.c: virtspmd while it serves: sockets, signals, settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/daemon.h"

#include "daemon/access/polkit.h"
#include "daemon/io/poller.h"
#include "daemon/log.h"
#include "daemon/sd.h"
#include "daemon/server.h"
#include "daemon/sockets.h"
#include "daemon/tls/tls_listener.h"
#include "qemu/qemu_caps_store.h"

#include <glib-unix.h>
#include <sys/resource.h>

typedef struct {
    SpmConfigureFunc configure;
    gpointer user_data;
    GMainContext *context;
    GMainLoop *loop;
    SpmConfig *config;
    SpmEnvironment environment;
    GPtrArray *sockets;
    GArray *tls_sockets; /* of int; NULL: TLS is off */
    SpmServer *server;
} Daemon;

static gboolean
terminate(gpointer data)
{
    g_main_loop_quit(((Daemon *)data)->loop);
    return G_SOURCE_CONTINUE;
}

/* ---- settings ---- */

/* What sessions share follows the settings; the server follows by itself. */
static void
adopt(Daemon *daemon, SpmConfig *config)
{
    SpmConfig *old = daemon->config;

    daemon->environment.schema = config->schema;
    spm_placer_set_policy(daemon->environment.placer, g_steal_pointer(&config->host));
    if (daemon->server)
        spm_server_set_config(daemon->server, config);
    daemon->config = config;
    spm_config_free(old);
}

/* Certificates are read anew with every reload; clients that are there keep theirs. */
static gboolean
load_tls(Daemon *daemon, const SpmConfig *config, GError **error)
{
    g_autoptr(SpmTlsCredentials) credentials = spm_tls_credentials_new(config, error);

    if (credentials)
        spm_server_set_tls(daemon->server, credentials);
    return credentials != NULL;
}

static void
reload(Daemon *daemon)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmConfig) config = daemon->configure(daemon->user_data, &error);
    g_autofree char *unchangeable = NULL;

    if (!config) {
        g_critical("the configuration is not reloaded, and the old one stays: %s", error->message);
        return;
    }
    if (!spm_log_configure(config->log_level, config->log_output, &error)) {
        g_critical("the configuration is not reloaded, and the old one stays: %s", error->message);
        return;
    }
    if (daemon->tls_sockets && !load_tls(daemon, config, &error)) {
        g_critical("the configuration is not reloaded, and the old one stays: %s", error->message);
        return;
    }
    unchangeable = spm_config_unchangeable(daemon->config, config);
    if (unchangeable)
        g_message("a change of %s takes effect when virtspmd is restarted", unchangeable);
    adopt(daemon, g_steal_pointer(&config));
    g_info("the configuration is reloaded");
}

static gboolean
hang_up(gpointer data)
{
    g_autofree char *state =
        g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());

    spm_sd_notify(state);
    reload(data);
    spm_sd_notify("READY=1");
    return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

/* Two descriptors a client are more than the usual soft limit of 1024 has for
 * the default of max-clients. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static gboolean
begin_tls(Daemon *daemon, GError **error)
{
    if (!daemon->config->tls_listen)
        return TRUE;
    if (!load_tls(daemon, daemon->config, error))
        return FALSE;
    daemon->tls_sockets = spm_tls_listen((const char *const *)daemon->config->tls_listen, error);
    for (guint i = 0; daemon->tls_sockets && i < daemon->tls_sockets->len; i++)
        spm_server_listen_tls(daemon->server, g_array_index(daemon->tls_sockets, int, i));
    return daemon->tls_sockets != NULL;
}

static void
on_signal(Daemon *daemon, int number, GSourceFunc func)
{
    g_autoptr(GSource) source = g_unix_signal_source_new(number);

    g_source_set_callback(source, func, daemon, NULL);
    g_source_attach(source, daemon->context);
}

static gboolean
begin(Daemon *daemon, GError **error)
{
    /* First, because it changes the environment, and handling signals starts a
     * thread. */
    g_autoptr(GArray) handed_over = spm_sd_listen_fds(error);

    if (!handed_over)
        return FALSE;
    on_signal(daemon, SIGTERM, terminate);
    on_signal(daemon, SIGINT, terminate);
    on_signal(daemon, SIGHUP, hang_up);
    raise_descriptor_limit();

    daemon->sockets = spm_sockets_open(daemon->config, handed_over, error);
    if (!daemon->sockets)
        return FALSE;
    daemon->server = spm_server_new(daemon->config, &daemon->environment);
    for (guint i = 0; i < daemon->sockets->len; i++) {
        const SpmSocket *place = g_ptr_array_index(daemon->sockets, i);

        spm_server_listen(daemon->server, spm_listener_fd(place->listener), place->access);
    }
    return begin_tls(daemon, error);
}

static void
end(Daemon *daemon)
{
    g_clear_pointer(&daemon->server, spm_server_free);
    g_clear_pointer(&daemon->sockets, g_ptr_array_unref);
    g_clear_pointer(&daemon->tls_sockets, g_array_unref);
    g_clear_pointer(&daemon->environment.placer, spm_placer_free);
    g_clear_pointer(&daemon->environment.caps, spm_qemu_caps_cache_free);
    g_clear_pointer(&daemon->loop, g_main_loop_unref);
    g_clear_pointer(&daemon->config, spm_config_free);
    /* Last: without it signals are as they were before. */
    g_main_context_pop_thread_default(daemon->context);
    g_clear_pointer(&daemon->context, g_main_context_unref);
}

static gint64
wall_clock(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

gboolean
spm_daemon_run(SpmConfigureFunc configure, gpointer user_data, GError **error)
{
    Daemon daemon = { .configure = configure, .user_data = user_data };
    g_autofree char *caps_folder = spm_caps_store_default_folder();
    SpmConfig *config = configure(user_data, error);
    gboolean begun;

    if (!config || !spm_log_configure(config->log_level, config->log_output, error)) {
        spm_config_free(config);
        return FALSE;
    }
    daemon.context = spm_poller_context_new();
    g_main_context_push_thread_default(daemon.context);
    daemon.loop = g_main_loop_new(daemon.context, FALSE);
    daemon.environment.caps = spm_qemu_caps_cache_new();
    spm_qemu_caps_cache_keep_in(daemon.environment.caps, caps_folder);
    daemon.environment.lookup_async = spm_qemu_caps_lookup_async;
    daemon.environment.lookup_finish = spm_qemu_caps_lookup_finish;
    daemon.environment.authorize_async = spm_polkit_check_async;
    daemon.environment.authorize_finish = spm_polkit_check_finish;
    daemon.environment.known = spm_qemu_caps_known;
    daemon.environment.wall_clock = wall_clock;
    daemon.environment.placer = spm_placer_new(NULL, spm_host_config_new());
    adopt(&daemon, config);

    begun = begin(&daemon, error);
    if (begun) {
        g_info("ready");
        spm_sd_notify("READY=1");
        g_main_loop_run(daemon.loop);
        spm_sd_notify("STOPPING=1");
        g_info("stopping");
    }
    end(&daemon);
    return begun;
}
