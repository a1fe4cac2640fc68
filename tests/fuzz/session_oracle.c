/*
 * session_oracle.c: what may arrive in a conversation, and what must
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "session_oracle.h"

#include "daemon/intercept/intercept.h"
#include "daemon/intercept/serials.h"
#include "daemon/session.h"

#include <string.h>

/* Questions of virtspmd's under way at once: one for each message held. */
#define QUESTIONS_MAX (2 * SPM_SESSION_HELD_MAX)

/* What a party has sent and the other has not got yet, or not answered. */
typedef struct {
    Whole *whole;
    gboolean in_order;   /* it passes at once, or is answered at once */
    gboolean certain;    /* it passes whatever happens */
    gboolean optional;   /* it may be answered already, or have been virtspmd's answer */
    gboolean only;       /* no other call looks the same */
    gboolean alterable;  /* the document in it may be translated */
    gboolean passed;     /* the other one has it */
} Entry;

struct _Oracle {
    GPtrArray *calls;     /* Entry: from the client, not passed, or not answered */
    GPtrArray *replies;   /* Entry: from libvirtd, not passed */
    GPtrArray *questions; /* Whole: virtspmd's own calls that are not answered */
    gboolean late;
    gboolean client_distrusted, libvirtd_distrusted;
    gboolean may_end;
};

static void
entry_free(Entry *entry)
{
    whole_free(entry->whole);
    g_free(entry);
}

Oracle *
oracle_new(void)
{
    Oracle *oracle = g_new0(Oracle, 1);

    oracle->calls = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
    oracle->replies = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
    oracle->questions = g_ptr_array_new_with_free_func((GDestroyNotify)whole_free);
    return oracle;
}

void
oracle_free(Oracle *oracle)
{
    g_ptr_array_unref(oracle->calls);
    g_ptr_array_unref(oracle->replies);
    g_ptr_array_unref(oracle->questions);
    g_free(oracle);
}

/* ---- messages ---- */

static char *
describe(const Whole *whole)
{
    const SpmRpcHeader *header = &whole->header;

    return g_strdup_printf("program %08x version %u procedure %u type %u serial %08x status %u, %u bytes, %u descriptors",
                           header->program, header->version, header->procedure, header->type, header->serial,
                           header->status, whole->bytes->len, whole->inodes->len);
}

static void
refuse(const char *what, const Whole *whole)
{
    g_autofree char *text = describe(whole);

    broken("%s: %s", what, text);
}

/* With FUZZ_TRACE in the environment, what was said is shown. */
static void
trace(const char *what, const Whole *whole)
{
    if (g_getenv("FUZZ_TRACE")) {
        g_autofree char *text = describe(whole);

        g_printerr("%s: %s\n", what, text);
    }
}

static gboolean
same_call(const SpmRpcHeader *a, const SpmRpcHeader *b)
{
    return a->program == b->program && a->version == b->version && a->procedure == b->procedure &&
           a->serial == b->serial;
}

static gboolean
same_header(const Whole *a, const Whole *b)
{
    return same_call(&a->header, &b->header) && a->header.type == b->header.type &&
           a->header.status == b->header.status;
}

static gboolean
same_fds(const Whole *a, const Whole *b)
{
    return a->inodes->len == b->inodes->len &&
           (a->inodes->len == 0 ||
            memcmp(a->inodes->data, b->inodes->data, a->inodes->len * sizeof(guint64)) == 0);
}

static gboolean
says(const Whole *whole, const char *word)
{
    return memmem(whole->bytes->data, whole->bytes->len, word, strlen(word)) != NULL;
}

/* Is @got what was sent, byte for byte? */
static gboolean
arrives_whole(const Whole *got, const Entry *entry)
{
    const Whole *sent = entry->whole;

    return same_header(got, sent) && same_fds(got, sent) && got->bytes->len == sent->bytes->len &&
           memcmp(got->bytes->data, sent->bytes->data, got->bytes->len) == 0;
}

/* Is it that with its documents translated? Lowering leaves its record in each. */
static gboolean
arrives_altered(const Whole *got, const Entry *entry)
{
    return entry->alterable && same_header(got, entry->whole) && same_fds(got, entry->whole) &&
           (!spm_rpc_header_is_call(&got->header) || says(got, "urn:virtspm:domain:1"));
}

/* ---- from the client to libvirtd ---- */

void
oracle_client_sent(Oracle *oracle, Whole *whole)
{
    const SpmRpcHeader *header = &whole->header;
    const SpmRpcProcedure *row = spm_rpc_procedure_find(header);
    Entry *entry = g_new0(Entry, 1);

    trace("client sends", whole);
    entry->whole = whole;
    entry->only = TRUE;
    /* Which of two is answered, nobody can tell. */
    for (guint i = 0; i < oracle->calls->len; i++) {
        Entry *other = oracle->calls->pdata[i];

        if (same_call(&other->whole->header, header))
            other->only = entry->only = FALSE;
    }
    entry->certain = !spm_rpc_header_is_call(header) || header->status != SPM_RPC_OK;
    entry->in_order = entry->certain || (header->serial < SPM_SERIALS_FIRST &&
                                         (!row || !spm_intercept_wants_call(row)));
    entry->alterable = row && !entry->certain && strpbrk(row->args, "xyqc") && says(whole, "memmapType");
    g_ptr_array_add(oracle->calls, entry);
}

/* Everything that was sent before and passes in order must have passed. */
static void
check_order(Oracle *oracle, guint index)
{
    const Entry *entry = oracle->calls->pdata[index];

    for (guint i = 0; i < index && entry->in_order && !oracle->client_distrusted; i++) {
        const Entry *before = oracle->calls->pdata[i];

        if (!before->passed && !before->optional && before->only && (before->certain || (before->in_order && !oracle->late)))
            refuse("it has been overtaken", before->whole);
    }
}

static gboolean
pass_call(Oracle *oracle, const Whole *got, gboolean (*arrives)(const Whole *, const Entry *))
{
    for (guint i = 0; i < oracle->calls->len; i++) {
        Entry *entry = oracle->calls->pdata[i];

        if (entry->passed || !arrives(got, entry))
            continue;
        check_order(oracle, i);
        entry->passed = TRUE;
        /* Nobody answers what is no call. */
        if (entry->certain)
            g_ptr_array_remove_index(oracle->calls, i);
        return TRUE;
    }
    return FALSE;
}

static gboolean
may_be_question(const SpmRpcHeader *header)
{
    return header->program == SPM_RPC_PROGRAM_REMOTE && header->version == SPM_RPC_VERSION &&
           header->type == SPM_RPC_CALL && header->status == SPM_RPC_OK &&
           header->serial >= SPM_SERIALS_FIRST;
}

static gboolean
client_uses(const Oracle *oracle, const SpmRpcHeader *header)
{
    for (guint i = 0; i < oracle->calls->len; i++) {
        const Entry *entry = oracle->calls->pdata[i];

        if (entry->passed && same_call(&entry->whole->header, header))
            return TRUE;
    }
    return FALSE;
}

void
oracle_libvirtd_got(Oracle *oracle, Whole *whole)
{
    g_autoptr(Whole) got = whole;
    gboolean passed = pass_call(oracle, got, arrives_whole) || pass_call(oracle, got, arrives_altered);

    trace("libvirtd gets", got);
    if (oracle->client_distrusted)
        return;
    /* It may as well be a question of virtspmd's, of the same procedure and serial. */
    if (passed && may_be_question(&got->header))
        oracle->late = TRUE;
    if (passed)
        return;
    if (!may_be_question(&got->header) || got->inodes->len > 0)
        refuse("libvirtd gets what nobody sent", got);
    if (!oracle->late && client_uses(oracle, &got->header))
        refuse("virtspmd takes a serial that its client uses", got);
    g_ptr_array_add(oracle->questions, g_steal_pointer(&got));
    if (!oracle->late && oracle->questions->len > QUESTIONS_MAX)
        broken("virtspmd asks %u questions at once", oracle->questions->len);
}

/* ---- from libvirtd to the client ---- */

static gboolean
answers_question(Oracle *oracle, const SpmRpcHeader *header)
{
    for (guint i = 0; i < oracle->questions->len; i++) {
        const Whole *question = oracle->questions->pdata[i];

        if (same_call(&question->header, header)) {
            g_ptr_array_remove_index(oracle->questions, i);
            return TRUE;
        }
    }
    return FALSE;
}

static void
answer_call(Oracle *oracle, const SpmRpcHeader *header)
{
    for (guint i = 0; i < oracle->calls->len; i++) {
        const Entry *entry = oracle->calls->pdata[i];

        if (entry->passed && same_call(&entry->whole->header, header)) {
            g_ptr_array_remove_index(oracle->calls, i);
            return;
        }
    }
}

void
oracle_libvirtd_sent(Oracle *oracle, Whole *whole)
{
    g_autoptr(Whole) sent = whole;
    const SpmRpcHeader *header = &sent->header;
    const SpmRpcProcedure *row = spm_rpc_procedure_find(header);
    Entry *entry;

    trace("libvirtd sends", sent);
    if (spm_rpc_header_is_reply(header) && answers_question(oracle, header) && !oracle->late)
        return;
    if (spm_rpc_header_is_reply(header))
        answer_call(oracle, header);
    entry = g_new0(Entry, 1);
    entry->in_order = entry->certain = TRUE;
    entry->optional = oracle->late && spm_rpc_header_is_reply(header) && header->serial >= SPM_SERIALS_FIRST;
    if (row && spm_rpc_header_is_reply(header) && header->status == SPM_RPC_OK &&
        row->reply != SPM_RPC_REPLY_PASS) {
        entry->in_order = row->reply == SPM_RPC_REPLY_RAISE;
        entry->alterable = row->reply == SPM_RPC_REPLY_RAISE ? says(sent, "virtspm") : row->reply != SPM_RPC_REPLY_OPEN;
    }
    entry->whole = g_steal_pointer(&sent);
    g_ptr_array_add(oracle->replies, entry);
}

/* A reply that was held has become an error: the connection is not open. */
static gboolean
is_failed_open(const Whole *got, const Entry *entry)
{
    const SpmRpcProcedure *row = spm_rpc_procedure_find(&got->header);

    return row && row->reply == SPM_RPC_REPLY_OPEN && !entry->in_order &&
           same_call(&got->header, &entry->whole->header) && got->header.status == SPM_RPC_ERROR;
}

static gboolean
pass_reply(Oracle *oracle, const Whole *got)
{
    gboolean at_head = TRUE;

    for (guint i = 0; i < oracle->replies->len; i++) {
        const Entry *entry = oracle->replies->pdata[i];

        if ((!entry->in_order || at_head) &&
            (arrives_whole(got, entry) || arrives_altered(got, entry))) {
            g_ptr_array_remove_index(oracle->replies, i);
            return TRUE;
        }
        at_head = at_head && (!entry->in_order || entry->optional);
    }
    return FALSE;
}

/* An error of virtspmd's own, for a call that libvirtd has not got. */
static gboolean
refuses_call(Oracle *oracle, const Whole *got)
{
    guint found = 0;

    if (got->header.type != SPM_RPC_REPLY || got->header.status != SPM_RPC_ERROR)
        return FALSE;
    for (guint i = 0; i < oracle->calls->len; i++) {
        Entry *entry = oracle->calls->pdata[i];

        if (entry->passed || entry->certain || !same_call(&entry->whole->header, &got->header))
            continue;
        found++;
        entry->optional = TRUE;
        if (entry->only)
            g_ptr_array_remove_index(oracle->calls, i--);
    }
    return found > 0;
}

/* It may answer a call that was taken for a question of virtspmd's, or the other
 * way round. */
static gboolean
is_ambiguous(const Oracle *oracle, const Whole *got)
{
    return oracle->client_distrusted || oracle->libvirtd_distrusted ||
           (oracle->late && got->header.serial >= SPM_SERIALS_FIRST);
}

/* Whatever else it may be: this ends the session. */
static gboolean
fails_open(Oracle *oracle, const Whole *got)
{
    for (guint i = 0; i < oracle->replies->len; i++) {
        if (is_failed_open(got, oracle->replies->pdata[i]))
            oracle->may_end = TRUE;
    }
    return oracle->may_end;
}

void
oracle_client_got(Oracle *oracle, Whole *whole)
{
    g_autoptr(Whole) got = whole;
    gboolean failed_open = fails_open(oracle, got);

    trace("client gets", got);
    if (!pass_reply(oracle, got) && !refuses_call(oracle, got) && !failed_open &&
        !is_ambiguous(oracle, got))
        refuse("the client gets what nobody sent", got);
}

/* ---- track ---- */

void
oracle_lose_track(Oracle *oracle)
{
    oracle->late = TRUE;
}

void
oracle_distrust_client(Oracle *oracle)
{
    oracle->client_distrusted = oracle->late = TRUE;
}

void
oracle_distrust_libvirtd(Oracle *oracle)
{
    oracle->libvirtd_distrusted = oracle->late = TRUE;
}

const SpmRpcHeader *
oracle_unanswered(const Oracle *oracle, guint index)
{
    if (index < oracle->questions->len)
        return &((const Whole *)oracle->questions->pdata[index])->header;
    index -= oracle->questions->len;
    for (guint i = 0; i < oracle->calls->len; i++) {
        const Entry *entry = oracle->calls->pdata[i];

        if (entry->passed && index-- == 0)
            return &entry->whole->header;
    }
    return NULL;
}

guint
oracle_count_unanswered(const Oracle *oracle)
{
    guint count = 0;

    while (oracle_unanswered(oracle, count))
        count++;
    return count;
}

gboolean
oracle_may_end(const Oracle *oracle)
{
    return oracle->may_end;
}

void
oracle_check_complete(const Oracle *oracle)
{
    if (oracle->client_distrusted || oracle->libvirtd_distrusted)
        return;
    for (guint i = 0; i < oracle->calls->len; i++) {
        const Entry *entry = oracle->calls->pdata[i];

        if (!entry->passed && !entry->optional && entry->only)
            refuse("nobody has answered", entry->whole);
    }
    for (guint i = 0; i < oracle->replies->len; i++) {
        const Entry *entry = oracle->replies->pdata[i];

        if (!entry->optional)
            refuse("the client has not got", entry->whole);
    }
}
