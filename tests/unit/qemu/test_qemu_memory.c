/*
 * Out of memory in lowering and raising (util/spm_memory.h)
 *
 * A process has as much memory as RLIMIT_AS gives it. Each measure is tried in a
 * process of its own, which has been forked and so begins like all the others.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <libxml/xmlmemory.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domains.h"
#include "util/spm_node_pool.h"

/* How such a process ends. */
enum { TRANSLATED, REFUSED, WRONG };

/* A domain of about @size bytes, made of elements as small as they get, which take
 * most memory for their length. With that namespace they do not stay text. */
static char *
crowded(gsize size)
{
    g_autoptr(GString) many = g_string_new("<devices/><metadata><x xmlns='urn:x'>");

    while (many->len < size)
        g_string_append(many, "<a/>");
    g_string_append(many, "</x></metadata>");
    return edited(USER_DOMAIN, DEVICES, many->str);
}

/* In use now; of /proc/self/statm the first number, in pages. */
static gsize
address_space(void)
{
    g_autofree char *statm = NULL;

    g_assert_true(g_file_get_contents("/proc/self/statm", &statm, NULL, NULL));
    return g_ascii_strtoull(statm, NULL, 10) * (gsize)sysconf(_SC_PAGESIZE);
}

/* Does not return. */
static void
work(Translate translate, const char *xml, const char *wanted, const Host *host, gsize room)
{
    const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
    struct rlimit limit = none;
    g_autofree char *got = NULL;
    GError *error = NULL;

    limit.rlim_cur = address_space() + room;
    setrlimit(RLIMIT_AS, &limit);
    got = translate(xml, strlen(xml), host, &error);
    setrlimit(RLIMIT_AS, &none);
    if (got)
        _exit(g_str_equal(got, wanted) ? TRANSLATED : WRONG);
    _exit(g_error_matches(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED) ? REFUSED : WRONG);
}

/* The same with all the memory it wants, in a process of its own too: what this one
 * had used and freed would be there for the others to use again. */
static char *
with_enough(Translate translate, const char *xml, const Host *host)
{
    g_autoptr(GIOChannel) output = NULL;
    char *text = NULL;
    int ends[2], status;
    pid_t child;

    g_assert_cmpint(pipe(ends), ==, 0);
    child = fork();
    if (child == 0) {
        char *got = translate(xml, strlen(xml), host, NULL);

        _exit(!got || write(ends[1], got, strlen(got)) != (gssize)strlen(got));
    }
    close(ends[1]);
    output = g_io_channel_unix_new(ends[0]);
    g_io_channel_set_close_on_unref(output, TRUE);
    g_assert_cmpint(g_io_channel_read_to_end(output, &text, NULL, NULL), ==, G_IO_STATUS_NORMAL);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    return text;
}

/* The end of a process that has so much room: one of the above, or its signal with
 * a minus. */
static int
end_with(Translate translate, const char *xml, const char *wanted, const Host *host, gsize room)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        /* What GLib says at its end would be taken for a result. */
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        work(translate, xml, wanted, host, room);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
try_all(Translate translate, const char *xml, const char *wanted, const Host *host, gsize most,
        gsize step)
{
    guint ends[2] = { 0, 0 };

    for (gsize room = 0; room <= most; room += step) {
        int end = end_with(translate, xml, wanted, host, room);

        if (end == TRANSLATED || end == REFUSED)
            ends[end]++;
        else
            g_error("with %" G_GSIZE_FORMAT " bytes it ended with %d", room, end);
    }
    g_test_message("translated %u times, refused %u times", ends[TRANSLATED], ends[REFUSED]);
    g_assert_cmpuint(ends[TRANSLATED], >, 0);
    g_assert_cmpuint(ends[REFUSED], >, 0);
}

static gboolean
is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return TRUE;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return TRUE;
#endif
#endif
    return FALSE;
}

/* Tried with up to so much room, in so many steps. */
static void
translate_or_refuse(gsize size, gsize most, guint steps)
{
    g_auto(Host) host = { 0 };
    g_autofree char *user = crowded(size);
    g_autofree char *stock = NULL;
    g_autofree char *back = NULL;

    if (is_sanitized()) {
        g_test_skip("a sanitizer needs all the address space there is");
        return;
    }
    host_make(&host, TRUE);
    stock = with_enough(translate_down, user, &host);
    back = with_enough(translate_up, stock, &host);
    try_all(translate_down, user, stock, &host, most, most / steps);
    try_all(translate_up, stock, back, &host, most, most / steps);
}

static void
a_large_document_is_translated_or_refused(void)
{
    translate_or_refuse(256 * 1024, 64 * 1024 * 1024, 128);
}

/* Without a limit nobody is asked for so little. */
static void
a_small_document_is_translated_or_refused(void)
{
    translate_or_refuse(1024, 4 * 1024 * 1024, 32);
}

static void
libxml2_ends_the_process_rather_than_half_a_document(void)
{
    xmlFreeFunc free_func;
    xmlMallocFunc malloc_func;
    xmlReallocFunc realloc_func;
    xmlStrdupFunc strdup_func;
    g_autoptr(xmlDoc) used = parse_document("<domain/>");

    g_assert_nonnull(used);
    g_assert_cmpint(xmlMemGet(&free_func, &malloc_func, &realloc_func, &strdup_func), ==, 0);
    /* What the pool has not, it takes from g_malloc(). */
    g_assert_true(malloc_func == spm_node_pool_take && realloc_func == g_realloc &&
                  strdup_func == spm_node_pool_copy && free_func == spm_node_pool_give);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_memory/a-large-document-is-translated-or-refused",
                    a_large_document_is_translated_or_refused);
    g_test_add_func("/qemu_memory/a-small-document-is-translated-or-refused",
                    a_small_document_is_translated_or_refused);
    g_test_add_func("/qemu_memory/libxml2-ends-the-process-rather-than-half-a-document",
                    libxml2_ends_the_process_rather_than_half_a_document);
    return g_test_run();
}
