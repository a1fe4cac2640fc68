/*
 * call_xml.h: the domain XML among a call's arguments
 *
 * One call can carry several documents (typed parameters, an XML argument and a
 * cookie), and a document several domains (qemu_nested.h). Those that ask for SPM
 * are given out one after the other to be translated, and then the call gets
 * them back; all else in it stays byte for byte.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_args.h"
#include "rpc/rpc_frame.h"
#include "util/spm_xml.h"

G_BEGIN_DECLS

/* Domains that ask, in one call. No client sends more than three or four; the
 * limit protects others from one who makes virtspmd translate for minutes. */
#define SPM_DOCUMENTS_MAX 16

typedef struct _SpmDocuments SpmDocuments;

/* NULL without @error: nothing in there asks. @args may go afterwards, but not
 * the frame they point into. Errors: a document that asks cannot be read, or
 * there are too many. */
SpmDocuments *spm_documents_find(const SpmRpcArgs *args, GError **error);
void spm_documents_free(SpmDocuments *documents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmDocuments, spm_documents_free)

/* The domain that is to be translated now, or NULL behind the last. */
const char *spm_documents_current(const SpmDocuments *documents, gsize *length);
/* The same, parsed; while there is a current one. */
xmlDoc *spm_documents_current_doc(const SpmDocuments *documents);
/* What it has become; the next one is current then. */
gboolean spm_documents_put(SpmDocuments *documents, const char *xml, GError **error);

/* Put all of them into the call. FALSE, and the frame is of no use any more, when
 * that would be longer than libvirt's protocol allows. */
gboolean spm_documents_write(const SpmDocuments *documents, SpmRpcFrame *frame, GError **error);

G_END_DECLS
