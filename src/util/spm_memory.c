/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_memory.h"

#include <libxml/xmlmemory.h>
#include <sys/mman.h>

#include "util/spm_error.h"

/* What a document may need, for each of its bytes and in any case: its tree (a
 * node has about 120 bytes, and "<a/>" is one), copies of its parts, and the text
 * that is written, which grows by doubling. Measured by test_qemu_memory. */
#define FOR_EACH_BYTE 96
#define AT_LEAST (1024 * 1024)

gboolean
spm_memory_suffices(gsize length, GError **error)
{
    gsize size = length * FOR_EACH_BYTE + AT_LEAST;
    /* Asked of the kernel and not of malloc(), which would take a large piece that
     * is given back for a habit. Untouched, it costs two system calls. */
    void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

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
        xmlMemSetup(g_free, g_malloc, g_realloc, g_strdup);
        g_once_init_leave(&once, 1);
    }
}
