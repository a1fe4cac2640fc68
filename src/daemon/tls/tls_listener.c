/*
 * tls_listener.c: the TCP sockets that TLS clients connect to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/tls/tls_listener.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that wait to be accepted. */
#define BACKLOG 64

static gboolean
is_port(const char *text)
{
    guint64 port;

    return spm_parse_uint64(text, &port) && port >= 1 && port <= 65535;
}

gboolean
spm_tls_parse_place(const char *text, char **host, char **port)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *name = NULL;
    gsize length;

    *host = *port = NULL;
    if (is_port(text)) {
        *port = g_strdup(text);
        return TRUE;
    }
    /* A colon within brackets is the address's. */
    if (colon && strchr(colon, ']'))
        colon = NULL;
    length = colon ? (gsize)(colon - text) : strlen(text);
    if (length > 2 && text[0] == '[' && text[length - 1] == ']')
        name = g_strndup(text + 1, length - 2);
    else if (length > 0 && !strpbrk(text, "[]") && !memchr(text, ':', length))
        name = g_strndup(text, length);
    if (!name || (colon && !is_port(colon + 1)))
        return FALSE;
    *host = g_steal_pointer(&name);
    *port = g_strdup(colon ? colon + 1 : SPM_TLS_DEFAULT_PORT);
    return TRUE;
}

static void
close_socket(gpointer data)
{
    close(*(int *)data);
}

static int
listen_on(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;

    if (fd < 0)
        return -1;
    /* Restarted, it need not wait for its old connections to be forgotten. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    /* IPv4 has a socket of its own. */
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static gboolean
listen_on_all(GArray *fds, const char *place, const struct addrinfo *addresses, GError **error)
{
    guint before = fds->len;
    int reason = EADDRNOTAVAIL;

    for (; addresses; addresses = addresses->ai_next) {
        int fd = listen_on(addresses);

        if (fd >= 0) {
            g_array_append_val(fds, fd);
        } else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
            /* A host without IPv6 has its addresses all the same, and none to bind. */
            reason = errno;
            break;
        }
    }
    if (!addresses && fds->len > before)
        return TRUE;
    g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot listen for TLS on '%s': %s", place,
                g_strerror(reason));
    return FALSE;
}

GArray *
spm_tls_listen(const char *const *places, GError **error)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));

    g_array_set_clear_func(fds, close_socket);
    for (; *places; places++) {
        const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
        struct addrinfo *addresses = NULL;
        g_autofree char *host = NULL;
        g_autofree char *port = NULL;
        gboolean good;
        int result;

        if (!spm_tls_parse_place(*places, &host, &port)) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM,
                        "cannot listen for TLS on '%s': it is not HOST:PORT", *places);
            return NULL;
        }
        result = getaddrinfo(host, port, &hints, &addresses);
        if (result != 0) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot listen for TLS on '%s': %s",
                        *places, gai_strerror(result));
            return NULL;
        }
        good = listen_on_all(fds, *places, addresses, error);
        freeaddrinfo(addresses);
        if (!good)
            return NULL;
    }
    return g_steal_pointer(&fds);
}
