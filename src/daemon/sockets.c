/*
 * sockets.c: the sockets that clients come in through, and what each allows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/sockets.h"

#include "daemon/sd.h"
#include "util/spm_error.h"

#include <errno.h>

static void
socket_free(gpointer data)
{
    SpmSocket *place = data;

    spm_listener_free(place->listener);
    g_free(place);
}

static void
add(GPtrArray *sockets, SpmListener *listener, SpmAccess access)
{
    SpmSocket *place = g_new0(SpmSocket, 1);

    place->listener = listener;
    place->access = access;
    g_ptr_array_add(sockets, place);
}

/* ---- handed over ---- */

static gboolean
access_of_name(const char *name, SpmAccess *access)
{
    *access =
        g_strcmp0(name, SPM_SOCKETS_NAME_RO) == 0 ? SPM_ACCESS_READ_ONLY : SPM_ACCESS_READ_WRITE;
    return *access == SPM_ACCESS_READ_ONLY || g_strcmp0(name, SPM_SOCKETS_NAME) == 0;
}

static gboolean
access_of_path(const SpmConfig *config, const char *path, SpmAccess *access)
{
    *access = g_strcmp0(path, config->listen_ro) == 0 ? SPM_ACCESS_READ_ONLY : SPM_ACCESS_READ_WRITE;
    return path && (*access == SPM_ACCESS_READ_ONLY || g_str_equal(path, config->listen));
}

static gboolean
find_access(const SpmConfig *config, const SpmSdSocket *handed_over, SpmAccess *access,
            GError **error)
{
    SpmAccess by_path;
    gboolean named = access_of_name(handed_over->name, access);
    gboolean placed = access_of_path(config, handed_over->path, &by_path);
    const char *name = handed_over->name ? handed_over->name : "";
    const char *path = handed_over->path ? handed_over->path : "without a path";

    if (named && placed && *access != by_path) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM,
                    "the socket that the service manager hands over as '%s' is %s, which by the "
                    "configuration is the %s one; mend ListenStream= or FileDescriptorName= in "
                    "the socket unit",
                    name, path, by_path == SPM_ACCESS_READ_ONLY ? "read-only" : "read-write");
        return FALSE;
    }
    if (!named && !placed) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM,
                    "descriptor %d ('%s', %s), handed over by the service manager, may be read-write "
                    "or read-only; say FileDescriptorName=" SPM_SOCKETS_NAME
                    " or =" SPM_SOCKETS_NAME_RO " in the socket unit",
                    handed_over->fd, name, path);
        return FALSE;
    }
    if (!named)
        *access = by_path;
    return TRUE;
}

/* ---- our own ---- */

static gboolean
make(GPtrArray *sockets, const SpmConfig *config, const char *path, guint mode, SpmAccess access,
     GError **error)
{
    SpmListener *listener =
        spm_listener_new(path, mode, config->group, spm_config_is_chosen(config, "group"), error);

    if (listener)
        add(sockets, listener, access);
    return listener != NULL;
}

static gboolean
make_private_folder(const SpmConfig *config, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(config->listen);

    if (g_mkdir_with_parents(folder, 0700) == 0)
        return TRUE;
    g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot listen on %s: %s: %s", config->listen,
                folder, g_strerror(errno));
    return FALSE;
}

GPtrArray *
spm_sockets_open(const SpmConfig *config, GArray *handed_over, GError **error)
{
    g_autoptr(GPtrArray) sockets = g_ptr_array_new_with_free_func(socket_free);

    for (guint i = 0; i < handed_over->len; i++) {
        SpmSdSocket *given = &g_array_index(handed_over, SpmSdSocket, i);
        SpmAccess access;

        if (!find_access(config, given, &access, error))
            return NULL;
        add(sockets, spm_listener_adopt(g_steal_fd(&given->fd)), access);
    }
    if (sockets->len > 0)
        return g_steal_pointer(&sockets);

    if (config->session && !make_private_folder(config, error))
        return NULL;
    if (!make(sockets, config, config->listen, config->mode, SPM_ACCESS_READ_WRITE, error) ||
        (config->listen_ro &&
         !make(sockets, config, config->listen_ro, config->mode_ro, SPM_ACCESS_READ_ONLY, error)))
        return NULL;
    return g_steal_pointer(&sockets);
}
