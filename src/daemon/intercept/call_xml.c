/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intercept/call_xml.h"

#include "qemu/qemu_domain.h"
#include "qemu/qemu_nested.h"
#include "util/spm_error.h"

typedef struct {
    SpmRpcXml where;
    SpmNested *nested;
} Document;

/* A domain that asks: the number of its document, and of the domain in there. */
typedef struct {
    guint document;
    guint domain;
} Asking;

struct _SpmDocuments {
    GPtrArray *documents; /* of Document: those with something to translate */
    GArray *asking;       /* of Asking */
    guint current;        /* in @asking */
};

static void
document_free(gpointer data)
{
    Document *document = data;

    spm_nested_free(document->nested);
    g_free(document);
}

void
spm_documents_free(SpmDocuments *documents)
{
    g_ptr_array_unref(documents->documents);
    g_array_unref(documents->asking);
    g_free(documents);
}

typedef struct {
    SpmDocuments *documents;
    GError *error;
} Search;

/* Note the domains in @nested that ask; FALSE with an error. */
static gboolean
note_asking(Search *search, SpmNested *nested)
{
    Asking asking = { .document = search->documents->documents->len };

    for (guint i = 0; i < spm_nested_count(nested); i++) {
        gsize length;
        const char *text = spm_nested_text(nested, i, &length);

        const xmlDoc *doc =
            spm_domain_may_ask(text, length) ? spm_nested_doc(nested, i, &search->error) : NULL;

        if (!doc || !spm_domain_doc_asks(doc, &search->error)) {
            if (search->error)
                return FALSE;
            continue;
        }
        if (search->documents->asking->len == SPM_DOCUMENTS_MAX) {
            g_set_error(&search->error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                        "the call has more than %d domains with memmapType; send fewer at once",
                        SPM_DOCUMENTS_MAX);
            return FALSE;
        }
        asking.domain = i;
        g_array_append_val(search->documents->asking, asking);
    }
    return TRUE;
}

static gboolean
look_at(const SpmRpcXml *xml, gpointer user_data)
{
    Search *search = user_data;
    g_autoptr(SpmNested) nested = NULL;
    guint before = search->documents->asking->len;
    Document *document;

    if (!spm_domain_may_ask(xml->text, xml->length))
        return TRUE;
    nested = spm_nested_parse(xml->text, xml->length, &search->error);
    if (!nested || !note_asking(search, nested))
        return FALSE;
    if (search->documents->asking->len == before)
        return TRUE;
    document = g_new0(Document, 1);
    document->where = *xml;
    document->nested = g_steal_pointer(&nested);
    g_ptr_array_add(search->documents->documents, document);
    return TRUE;
}

SpmDocuments *
spm_documents_find(const SpmRpcArgs *args, GError **error)
{
    g_autoptr(SpmDocuments) documents = g_new0(SpmDocuments, 1);
    Search search = { documents, NULL };

    documents->documents = g_ptr_array_new_with_free_func(document_free);
    documents->asking = g_array_new(FALSE, FALSE, sizeof(Asking));
    if (!spm_rpc_args_each_xml(args, look_at, &search)) {
        g_propagate_error(error, search.error);
        return NULL;
    }
    return documents->asking->len > 0 ? g_steal_pointer(&documents) : NULL;
}

const char *
spm_documents_current(const SpmDocuments *documents, gsize *length)
{
    const Asking *asking = &g_array_index(documents->asking, Asking, documents->current);
    const Document *document;

    if (documents->current == documents->asking->len)
        return NULL;
    document = documents->documents->pdata[asking->document];
    return spm_nested_text(document->nested, asking->domain, length);
}

xmlDoc *
spm_documents_current_doc(const SpmDocuments *documents)
{
    const Asking *asking = &g_array_index(documents->asking, Asking, documents->current);
    const Document *document = documents->documents->pdata[asking->document];

    /* It was parsed to see that it asks. */
    return spm_nested_doc(document->nested, asking->domain, NULL);
}

gboolean
spm_documents_put(SpmDocuments *documents, const char *xml, GError **error)
{
    const Asking *asking = &g_array_index(documents->asking, Asking, documents->current);
    Document *document = documents->documents->pdata[asking->document];

    documents->current++;
    return spm_nested_put(document->nested, asking->domain, xml, error);
}

gboolean
spm_documents_write(const SpmDocuments *documents, SpmRpcFrame *frame, GError **error)
{
    /* The last one first, so that those in front of it stay where they are. */
    for (guint i = documents->documents->len; i > 0; i--) {
        const Document *document = documents->documents->pdata[i - 1];
        g_autofree char *text = spm_nested_format(document->nested);
        g_autoptr(GByteArray) encoded = g_byte_array_new();

        if (spm_rpc_xml_encode(&document->where, text, encoded) &&
            spm_rpc_frame_replace(frame, document->where.offset, document->where.size,
                                  encoded->data, encoded->len))
            continue;
        g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "the domain's XML with its SPM cells spelled out is longer than libvirt takes "
                    "(%d bytes a document, %d a message); shorten it",
                    SPM_RPC_STRING_MAX, SPM_RPC_FRAME_MAX);
        return FALSE;
    }
    return TRUE;
}
