/*
 * Lowering and raising when one small piece of memory is not to be had
 *
 * Every allocation that a translation makes, GLib's and libxml2's alike, fails once, in a
 * process of its own. What may come of it (util/spm_memory.h): the whole document,
 * an error, or the end of the process by GLib's hand. Never another document, and
 * never a pointer that nobody has looked at.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domains.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

/* ---- in the place of malloc() ---- */

static gboolean counting;
static guint allocations;
static guint failing = G_MAXUINT; /* this one does, */
static gboolean for_good;         /* and all that follow */

#ifndef SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static gboolean
is_refused(void)
{
    guint number = counting ? allocations++ : 0;

    return counting && (number == failing || (for_good && number > failing));
}

void *
malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(block, size);
}
#endif

/* ---- */

enum { TRANSLATED, REFUSED, WRONG };

static int
translate_once(Translate translate, const char *xml, const char *wanted, const Host *host)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;

    counting = TRUE;
    got = translate(xml, strlen(xml), host, &error);
    counting = FALSE;
    if (got)
        return g_str_equal(got, wanted) ? TRANSLATED : WRONG;
    return error ? REFUSED : WRONG;
}

/* The end of a process in which an allocation fails: one of the above, or its signal
 * with a minus. */
static int
end_with(Translate translate, const char *xml, const char *wanted, const Host *host, guint number)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        /* What GLib says at its end would be taken for a result. */
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        failing = number;
        _exit(translate_once(translate, xml, wanted, host));
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static guint
count_allocations(Translate translate, const char *xml, const char *wanted, const Host *host)
{
    allocations = 0;
    g_assert_cmpint(translate_once(translate, xml, wanted, host), ==, TRANSLATED);
    return allocations;
}

static void
fail_each(Translate translate, const char *xml, const Host *host)
{
    g_autofree char *wanted = translate(xml, strlen(xml), host, NULL);
    guint count = count_allocations(translate, xml, wanted, host);
    guint translated = 0, refused = 0, ended = 0;

    g_assert_cmpuint(count, >, 100);
    allocations = 0;
    for (guint number = 0; number < count; number++) {
        int end = end_with(translate, xml, wanted, host, number);

        if (end == TRANSLATED)
            translated++;
        else if (end == REFUSED)
            refused++;
        else if (end == -SIGTRAP || end == -SIGABRT)
            ended++;
        else
            g_error("with allocation %u of %u failing it ended with %d", number, count, end);
    }
    g_test_message("of %u allocations that failed, %u did not matter, %u were an error, %u ended the process",
                   count, translated, refused, ended);
}

static void
fail_each_of(gboolean all_that_follow)
{
#ifdef SANITIZED
    g_test_skip("a sanitizer has its own malloc()");
    return;
#endif
    for_good = all_that_follow;
    /* Lowering A, and B. */
    for (gboolean b = FALSE; b <= TRUE; b++) {
        g_auto(Host) host = { 0 };
        g_autofree char *stock = NULL;

        host_make(&host, !b);
        stock = translate_down(USER_DOMAIN, strlen(USER_DOMAIN), &host, NULL);
        g_assert_nonnull(stock);
        fail_each(translate_down, USER_DOMAIN, &host);
        fail_each(translate_up, stock, &host);
    }
}

static void
one_allocation_fails(void)
{
    fail_each_of(FALSE);
}

static void
an_allocation_and_all_after_it_fail(void)
{
    fail_each_of(TRUE);
}

int
main(int argc, char **argv)
{
    /* Blocks that are used again would not fail (util/spm_node_pool.h). */
    g_setenv("G_SLICE", "always-malloc", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_allocations/one-fails", one_allocation_fails);
    g_test_add_func("/qemu_allocations/one-and-all-after-it-fail", an_allocation_and_all_after_it_fail);
    return g_test_run();
}
