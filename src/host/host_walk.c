/*
 * host_walk.c: open a path below a directory, without openat2
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The kernel's own limit of links in one path (MAXSYMLINKS). */
#define WALK_MAX_LINKS 40
/* Longest path with all its links put in; the kernel's PATH_MAX. */
#define WALK_MAX_PATH 4096

typedef struct {
    int rootfd;
    GArray *dirs; /* int: the directories from below the root to here */
} Walk;

static int
here(const Walk *walk)
{
    return walk->dirs->len ? g_array_index(walk->dirs, int, walk->dirs->len - 1) : walk->rootfd;
}

static void
go_up(Walk *walk)
{
    if (walk->dirs->len == 0)
        return;
    close(here(walk));
    g_array_set_size(walk->dirs, walk->dirs->len - 1);
}

static void
go_to_root(Walk *walk)
{
    while (walk->dirs->len)
        go_up(walk);
}

/* If @name is a link, put its target before what remains of the path.
 * Returns 1 for a link, 0 for anything else, -1 and errno. */
static int
take_link(Walk *walk, const char *name, char **rest, guint *links)
{
    char target[WALK_MAX_PATH];
    ssize_t length = readlinkat(here(walk), name, target, sizeof target - 1);
    g_autofree char *joined = NULL;

    if (length < 0)
        return errno == EINVAL ? 0 : -1;
    target[length] = '\0';
    joined = g_strconcat(target, "/", *rest, NULL);
    if (++*links > WALK_MAX_LINKS || strlen(joined) >= WALK_MAX_PATH) {
        errno = ELOOP;
        return -1;
    }
    if (target[0] == '/')
        go_to_root(walk);
    g_free(*rest);
    *rest = g_steal_pointer(&joined);
    return 1;
}

static int
walk_down(Walk *walk, char **rest, int flags)
{
    guint links = 0;

    for (;;) {
        const char *from = *rest + strspn(*rest, "/");
        gsize length = strcspn(from, "/");
        g_autofree char *name = g_strndup(from, length);
        const char *after = from + length;
        gboolean last = after[strspn(after, "/")] == '\0';
        g_autofree char *remains = g_strdup(last ? "" : after);
        gboolean keep_link = last && (flags & O_NOFOLLOW);
        int is_link, fd;

        g_free(*rest);
        *rest = g_steal_pointer(&remains);
        if (g_str_equal(name, "..")) {
            go_up(walk);
        } else if (length != 0 && !g_str_equal(name, ".")) {
            is_link = keep_link ? 0 : take_link(walk, name, rest, &links);
            if (is_link < 0)
                return -1;
            if (is_link)
                continue;
            if (last)
                return openat(here(walk), name, flags | O_NOFOLLOW);
            fd = openat(here(walk), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (fd < 0)
                return -1;
            g_array_append_val(walk->dirs, fd);
        }
        if (last)
            return openat(here(walk), ".", flags & ~O_NOFOLLOW);
    }
}

int
spm_host_walk_open(int rootfd, const char *path, int flags)
{
    Walk walk = { .rootfd = rootfd, .dirs = g_array_new(FALSE, FALSE, sizeof(int)) };
    g_autofree char *rest = g_strdup(path);
    int fd = walk_down(&walk, &rest, flags);
    int saved = errno;

    go_to_root(&walk);
    g_array_unref(walk.dirs);
    errno = saved;
    return fd;
}
