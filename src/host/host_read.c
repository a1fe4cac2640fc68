/*
 * host_read.c: read files of a host below a root directory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/host_walk.h"
#include "util/spm_error.h"

const char SPM_HOST_ABSENT[] = "the file is absent";

struct _SpmHostRoot {
    int fd;
    gboolean walk;   /* openat2 cannot be used */
    gint64 kernel;   /* -1: not asked yet */
};

SpmHostRoot *
spm_host_root_open(const char *sysroot, SpmHostRootFlags flags, GError **error)
{
    g_autoptr(SpmHostRoot) root = g_new0(SpmHostRoot, 1);

    root->kernel = -1;
    root->walk = (flags & SPM_HOST_ROOT_WALK) != 0;
    root->fd = open(sysroot ? sysroot : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root->fd < 0) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot open the root directory '%s': %s",
                    sysroot ? sysroot : "/", g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&root);
}

void
spm_host_root_free(SpmHostRoot *root)
{
    if (!root)
        return;
    if (root->fd >= 0)
        close(root->fd);
    g_free(root);
}

static const char *
reason(int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
        return SPM_HOST_ABSENT;
    case EACCES:
    case EPERM:
        return geteuid() == 0 ? "permission denied" : "permission denied (not root)";
    case ELOOP:
        return "too many symbolic links";
    default:
        return g_intern_string(g_strerror(err));
    }
}

/* Open @path below the root; on failure -1 and errno. */
static int
open_below(SpmHostRoot *root, const char *path, int flags)
{
    if (!root->walk) {
        struct open_how how = {
            .flags = (guint64)(flags | O_CLOEXEC),
            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        /* EAGAIN: something was renamed on the way, see openat2(2). */
        for (int tries = 0; tries < 8; tries++) {
            int fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof how);
            if (fd >= 0)
                return fd;
            if (errno != EAGAIN)
                break;
        }
        /* EPERM is what container filters of the time answer for unknown calls. */
        if (errno != ENOSYS && errno != EPERM)
            return -1;
        if (errno == ENOSYS)
            root->walk = TRUE;
    }
    return spm_host_walk_open(root->fd, path, flags | O_CLOEXEC);
}

static char *
read_limited(SpmHostRoot *root, const char *path, gsize limit, gboolean *longer, const char **why)
{
    g_autofree char *text = NULL;
    gsize room = MIN(limit, 4096), length = 0;
    struct stat st;
    int fd = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

    *longer = FALSE;
    if (fd < 0) {
        *why = reason(errno);
        return NULL;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        *why = "not a regular file";
        close(fd);
        return NULL;
    }
    text = g_malloc(room + 1);
    for (;;) {
        gssize got;

        if (length == room) {
            char beyond;

            if (room == limit) {
                *longer = read(fd, &beyond, 1) == 1;
                break;
            }
            room = MIN(limit, room * 4);
            text = g_realloc(text, room + 1);
        }
        got = read(fd, text + length, room - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            *why = reason(errno);
            close(fd);
            return NULL;
        }
        if (got == 0)
            break;
        length += (gsize)got;
    }
    close(fd);
    text[length] = '\0';
    return g_steal_pointer(&text);
}

char *
spm_host_read_text(SpmHostRoot *root, const char *path, gsize limit, const char **why)
{
    gboolean longer;
    const char *ignored;
    g_autofree char *text = read_limited(root, path, limit, &longer, why ? why : &ignored);

    if (text && longer) {
        if (why)
            *why = "the file is longer than any the kernel makes";
        return NULL;
    }
    return g_steal_pointer(&text);
}

char *
spm_host_read_head(SpmHostRoot *root, const char *path, gsize limit, const char **why)
{
    gboolean longer;
    const char *ignored;

    return read_limited(root, path, limit, &longer, why ? why : &ignored);
}

/* Runs of digits compare as numbers, all else as bytes. */
static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
spm_host_read_dir(SpmHostRoot *root, const char *path, const char **why)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    int fd = open_below(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    const struct dirent *entry;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir) {
        if (why)
            *why = reason(errno);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    while ((entry = readdir(dir)) && names->len < SPM_HOST_LIMIT_NAMES) {
        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    closedir(dir);
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

char *
spm_host_read_link(SpmHostRoot *root, const char *path, const char **why)
{
    char target[4096];
    int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
    ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);

    if (length < 0) {
        if (why)
            *why = fd < 0 || errno == EACCES ? reason(errno) : "not a symbolic link";
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    close(fd);
    target[length] = '\0';
    return g_strdup(target);
}

char *
spm_host_read_link_name(SpmHostRoot *root, const char *path, const char **why)
{
    g_autofree char *target = spm_host_read_link(root, path, why);
    g_autofree char *name = target ? g_path_get_basename(target) : NULL;

    if (name && (strlen(name) > 64 || strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") != strlen(name))) {
        if (why)
            *why = "the link does not end in a name";
        return NULL;
    }
    return g_steal_pointer(&name);
}

gboolean
spm_host_exists(SpmHostRoot *root, const char *path)
{
    int fd = open_below(root, path, O_PATH);

    if (fd < 0)
        return FALSE;
    close(fd);
    return TRUE;
}

guint
spm_host_root_kernel(SpmHostRoot *root)
{
    if (root->kernel < 0) {
        g_autofree char *text = spm_host_read_head(root, "proc/sys/kernel/osrelease", 4096, NULL);
        const char *release = text;
        char *end = NULL;
        guint64 major, minor;

        root->kernel = 0;
        if (!text) {
            text = spm_host_read_head(root, "proc/version", 4096, NULL);
            release = text && g_str_has_prefix(text, "Linux version ") ? text + strlen("Linux version ") : "";
        }
        major = g_ascii_strtoull(release, &end, 10);
        minor = *end == '.' ? g_ascii_strtoull(end + 1, NULL, 10) : 0;
        if (g_ascii_isdigit(*release) && major < 1000 && minor < 1000)
            root->kernel = (gint64)(major * 1000 + minor);
    }
    return (guint)root->kernel;
}

gint64
spm_host_name_number(const char *name, const char *prefix)
{
    const char *digits;

    if (!g_str_has_prefix(name, prefix))
        return -1;
    digits = name + strlen(prefix);
    /* Nine digits are enough for everything that is counted here. */
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0' || strlen(digits) > 9)
        return -1;
    return (gint64)g_ascii_strtoull(digits, NULL, 10);
}

const char *
spm_host_absent_since(SpmHostRoot *root, guint since)
{
    guint kernel = since ? spm_host_root_kernel(root) : 0;
    g_autofree char *text = NULL;

    if (!since || kernel >= since)
        return SPM_HOST_ABSENT;
    if (kernel == 0)
        text = g_strdup_printf("%s; Linux %u.%u or later has it", SPM_HOST_ABSENT, since / 1000, since % 1000);
    else
        text = g_strdup_printf("the kernel is too old: it is Linux %u.%u, needed is %u.%u or later",
                               kernel / 1000, kernel % 1000, since / 1000, since % 1000);
    return g_intern_string(text);
}
