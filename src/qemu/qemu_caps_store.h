/*
 * qemu_caps_store.h: what emulators answered, kept on disk
 *
 * One small JSON file for each emulator, so that the first SPM cell after a start
 * need not wait for an emulator to be asked. It is a cache: whatever is wrong with
 * a file or its folder, the emulator is asked as if there were none, and losing it
 * loses nothing.
 *
 * An answer counts for the very file that gave it (path, device, inode, size, time
 * of change), for the same questions, and for the same version of virtspm. The
 * kernel and the CPU are not in it: whether QEMU has a device type, an option, or
 * a name for a RAM block is settled when it is built, and it is asked without KVM.
 *
 * Whoever can write to it decides whether memory is thought to migrate. So neither
 * folder nor file may belong to anybody but this user, or be writable by others.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_capabilities.h"

G_BEGIN_DECLS

/* What makes a file another file: an upgrade changes at least one of these. */
typedef struct {
    guint64 device, inode, size;
    gint64 seconds, nanoseconds; /* of its last change */
} SpmQemuFingerprint;

/* Emulators come by the names that clients give: beyond this many files no more
 * are written. */
#define SPM_CAPS_STORE_FILES_MAX 64
/* A file has about 300 bytes. */
#define SPM_CAPS_STORE_FILE_MAX (64 * 1024)

/* Where it is: systemd's CacheDirectory= ($CACHE_DIRECTORY), else /var/cache/virtspm
 * for root and $XDG_CACHE_HOME/virtspm for others. Caller frees. */
char *spm_caps_store_default_folder(void);

/* What @binary answered when it was this file, or NULL: a file counts only if it is
 * byte for byte what would be written now; of one that does not the log tells. */
SpmQemuCaps *spm_caps_store_read(const char *folder, const char *binary,
                                 const SpmQemuFingerprint *fingerprint);

/* Keeps @caps for its binary, at once as a whole or not at all; makes the folder.
 * Failures are logged and otherwise of no consequence. */
void spm_caps_store_write(const char *folder, const SpmQemuCaps *caps,
                          const SpmQemuFingerprint *fingerprint);

G_END_DECLS
