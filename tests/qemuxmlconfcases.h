/*
 * qemuxmlconfcases.h: the golden cases of tests/qemuxmlconfdata and their files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* A group of cases.ini. */
typedef struct {
    char *name;
    char *assume;     /* emulator features, for spm_qemu_caps_assume() */
    gboolean offline; /* no real libvirt can be asked: there are no argv files */
    gboolean invalid; /* libvirt takes the document, its grammar does not */
    gboolean stock;   /* starts from stock XML: the case is about raising */
} SpmCase;

/* Every case, in the order of cases.ini. Ends the program when that cannot be read. */
GPtrArray *spm_cases_load(void);

const char *spm_cases_dir(void);

/* VIRTSPM_REGENERATE=1: write what is there instead of comparing with it. */
gboolean spm_cases_regenerate(void);

/* Is this file of the folder one that has to belong to a case? */
gboolean spm_cases_is_fixture(const char *file);

/* "NAME.PART.SUFFIX", or "NAME.SUFFIX" when @part is NULL. Caller frees. */
char *spm_case_file(const SpmCase *test, const char *part, const char *suffix);

/* The file's text; NULL, and the test fails, when it is missing. Caller frees. */
char *spm_case_read(const SpmCase *test, const char *part, const char *suffix);

/* Fails the test unless the file says exactly @actual; or writes the file. */
void spm_case_compare(const SpmCase *test, const char *part, const char *suffix, const char *actual);
