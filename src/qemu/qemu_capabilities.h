/*
 * qemu_capabilities.h: what an emulator and a libvirt can do for an SPM cell
 *
 * Asked, never guessed from a version number. The emulator is asked over QMP
 * (`-machine none`, then a tiny machine with one sp-mem device); libvirt is
 * asked to translate a tiny domain with a memory-less cell.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
    char *binary;               /* absolute path; NULL for assumed capabilities */
    char *version;              /* "11.1.3", or NULL when unknown */
    gboolean sp_mem;            /* device type sp-mem (QEMU >= 11.1) */
    gboolean memmap_type;       /* NumaNodeOptions has memmap-type (downstream builds) */
    gboolean sp_mem_migratable; /* the memory behind sp-mem is a RAM block that migrates */
} SpmQemuCaps;

/* Nothing that @binary can do is known yet. */
SpmQemuCaps *spm_qemu_caps_new(const char *binary);
SpmQemuCaps *spm_qemu_caps_ref(SpmQemuCaps *caps);
void spm_qemu_caps_unref(SpmQemuCaps *caps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmQemuCaps, spm_qemu_caps_unref)

/* Capabilities taken on trust, for work without an emulator: a comma separated
 * list of "sp-mem", "memmap-type", "migratable". NULL and @error for any other word. */
SpmQemuCaps *spm_qemu_caps_assume(const char *features, GError **error);

/* Answers are kept per binary until its modification time, size or inode changes. */
typedef struct _SpmQemuCapsCache SpmQemuCapsCache;
SpmQemuCapsCache *spm_qemu_caps_cache_new(void);
void spm_qemu_caps_cache_free(SpmQemuCapsCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmQemuCapsCache, spm_qemu_caps_cache_free)

/* Keep answers on disk too (qemu_caps_store.h), in @folder. */
void spm_qemu_caps_cache_keep_in(SpmQemuCapsCache *cache, const char *folder);

/* Ask @binary (an absolute path). Never blocks: the emulator runs as a child
 * of its own, with a time limit, and @callback runs from the thread-default
 * main context. Several lookups of one binary under way share one child.
 * Errors: SPM_ERROR_CONFIG_UNSUPPORTED with the reason when the binary is
 * missing, hangs, or does not talk QMP; they are not kept. */
void spm_qemu_caps_lookup_async(SpmQemuCapsCache *cache, const char *binary,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
/* Returns a reference, or NULL with @error set. */
SpmQemuCaps *spm_qemu_caps_lookup_finish(SpmQemuCapsCache *cache, GAsyncResult *result,
                                         GError **error);
/* The same with a main loop of its own, for command-line tools. */
SpmQemuCaps *spm_qemu_caps_lookup(SpmQemuCapsCache *cache, const char *binary, GError **error);
/* What is known of @binary without running it, or NULL. Returns a reference. */
SpmQemuCaps *spm_qemu_caps_known(SpmQemuCapsCache *cache, const char *binary);

/* The question to libvirt: a tiny domain with a memory-less cell, for
 * virConnectDomainXMLToNative("qemu-argv"), of the same virt type, arch and
 * emulator as the domain at hand (each may be NULL: qemu, x86_64, libvirt's own choice). */
char *spm_libvirt_probe_xml(const char *virt_type, const char *arch, const char *emulator);

/* Reads libvirt's answer: TRUE when it leaves the cell without a memory
 * backend (libvirt 12.8 does; 11.3 adds one of zero size, which QEMU refuses). */
gboolean spm_libvirt_probe_memoryless(const char *argv);

G_END_DECLS
