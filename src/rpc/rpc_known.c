/*
 * rpc_known.c: which procedures there are
 *
 * Checked against libvirt 12.8, which answers "unknown procedure" to the number of a
 * message, too. Older ones end earlier, and say so of the last few.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_known.h"

#include "util/spm_error.h"

typedef struct {
    guint32 first, last;
} Range;

/* Numbers of program remote that only libvirtd sends: events. */
static const Range messages[] = {
    { 107, 107 }, { 169, 173 }, { 195, 195 }, { 224, 224 }, { 241, 241 }, { 248, 248 },
    { 268, 270 }, { 276, 276 }, { 292, 292 }, { 311, 311 }, { 315, 315 }, { 318, 333 },
    { 339, 339 }, { 346, 346 }, { 348, 348 }, { 354, 354 }, { 359, 359 }, { 362, 363 },
    { 367, 367 }, { 370, 370 }, { 373, 373 }, { 376, 377 }, { 379, 379 }, { 382, 383 },
    { 385, 385 }, { 423, 423 }, { 438, 438 }, { 446, 446 }, { 453, 455 },
};

#define REMOTE_LAST 456
#define QEMU_LAST 7
#define QEMU_MONITOR_EVENT 6
#define LXC_LAST 1

gboolean
spm_rpc_is_known(guint32 program, guint32 number)
{
    switch (number > 0 ? program : 0) {
    case SPM_RPC_PROGRAM_REMOTE:
        for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
            if (number >= messages[i].first && number <= messages[i].last)
                return FALSE;
        }
        return number <= REMOTE_LAST;
    case SPM_RPC_PROGRAM_QEMU:
        return number <= QEMU_LAST && number != QEMU_MONITOR_EVENT;
    case SPM_RPC_PROGRAM_LXC:
        return number <= LXC_LAST;
    default:
        return FALSE;
    }
}

GError *
spm_rpc_unknown(guint32 number)
{
    return g_error_new(SPM_ERROR, SPM_ERROR_RPC, "unknown procedure: %d", (gint32)number);
}
