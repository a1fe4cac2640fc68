/*
 * domains.h: one domain in all the states that a check may find it in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "documents.h"

/* Documents that the steps of many tests need. */
typedef struct {
    char *stopped; /* stock XML of an SPM domain */
    char *running; /* the same domain while it runs */
    char *fixed;   /* running on an emulator that migrates sp-mem */
    char *lost;    /* running on an emulator that is not there any more */
    char *old;     /* stopped, on an emulator that has no sp-mem (any more) */
} Documents;

static inline char *
replace_text(const char *text, const char *what, const char *with)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);

    return g_strjoinv(with, parts);
}

static inline void
documents_clear(Documents *documents)
{
    g_free(documents->stopped);
    g_free(documents->running);
    g_free(documents->fixed);
    g_free(documents->lost);
    g_free(documents->old);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Documents, documents_clear)

static inline Documents
make_documents(void)
{
    Documents documents;

    documents.stopped = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    documents.running = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    documents.fixed = replace_text(documents.running, EMULATOR_SPM, EMULATOR_FIXED);
    documents.lost = replace_text(documents.running, EMULATOR_SPM, "/emulator/missing");
    documents.old = replace_text(documents.stopped, EMULATOR_SPM, EMULATOR_PLAIN);
    return documents;
}
