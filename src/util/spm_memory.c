/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_memory.h"

#include <libxml/xmlmemory.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "util/spm_error.h"
#include "util/spm_node_pool.h"

/* What a document may need, for each of its bytes and in any case: its tree (a
 * node has about 120 bytes, and "<a/>" is one), copies of its parts, and the text
 * that is written, which grows by doubling. Measured by test_qemu_memory. */
#define FOR_EACH_BYTE 96
#define AT_LEAST (1024 * 1024)

/* So much the kernel always grants where neither this process nor all together have a
 * limit: it is little beside the memory of any machine. */
#define LITTLE (8 * 1024 * 1024)

static gboolean
has_limit(int resource)
{
    struct rlimit limit;

    return getrlimit(resource, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

/* Does the kernel count what has been promised (overcommit_memory in proc(5))? */
static gboolean
is_counted(void)
{
    static gsize answer;

    if (g_once_init_enter(&answer)) {
        g_autofree char *text = NULL;
        gboolean read = g_file_get_contents("/proc/sys/vm/overcommit_memory", &text, NULL, NULL);

        g_once_init_leave(&answer, read && (*text == '0' || *text == '1') ? 1 : 2);
    }
    return answer == 2;
}

gboolean
spm_memory_suffices(gsize length, GError **error)
{
    gsize size = length * FOR_EACH_BYTE + AT_LEAST;
    void *room;

    if (size <= LITTLE && !is_counted() && !has_limit(RLIMIT_AS) && !has_limit(RLIMIT_DATA))
        return TRUE;
    /* Asked of the kernel and not of malloc(), which would take a large piece that
     * is given back for a habit. Untouched, it costs two system calls. */
    room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_OPERATION_FAILED,
                    "there is not enough memory for a document of %" G_GSIZE_FORMAT
                    " bytes; make room, or try again later",
                    length);
        return FALSE;
    }
    munmap(room, size);
    return TRUE;
}

void
spm_memory_share_with_libxml2(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        xmlMemSetup(spm_node_pool_give, spm_node_pool_take, g_realloc, spm_node_pool_copy);
        g_once_init_leave(&once, 1);
    }
}

static char *
format_text(const char *format, va_list args)
{
    char *text = g_strdup_vprintf(format, args);

    if (!text)
        g_error("there is no memory for a text");
    return text;
}

char *
spm_strdup_printf(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    return text;
}

void
spm_string_append_printf(GString *string, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    g_string_append(string, text);
}
