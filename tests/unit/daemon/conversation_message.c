/*
 * conversation_message.c: the messages of a conversation, as steps spell them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation_private.h"

#include "util/spm_error.h"

static void
write_domain(GByteArray *bytes)
{
    static const guint8 uuid[16] = "0123456789abcde";

    spm_xdr_write_string(bytes, "guest", 5);
    spm_xdr_write_fixed(bytes, uuid, sizeof uuid);
    spm_xdr_write_u32(bytes, 7);
}

SpmPeer *
conversation_peer(gboolean root)
{
    SpmPeer *peer = g_new0(SpmPeer, 1);

    peer->uid = root ? 0 : 1234;
    peer->gid = 50;
    peer->pid = 4242;
    peer->start_time = 99;
    peer->user = g_strdup(root ? "root" : "alice");
    return peer;
}

static void
write_text(GByteArray *bytes, const char *word, const Step *step)
{
    if (word[0] == '$')
        g_assert_true(spm_xdr_write_string(bytes, step->text, strlen(step->text)));
    else
        spm_xdr_write_string(bytes, word + 1, strlen(word) - 2);
}

static void
write_word(GByteArray *bytes, const char *word, const Step *step, gboolean root)
{
    if (g_str_equal(word, "d")) {
        write_domain(bytes);
    } else if (word[0] == 'u') {
        spm_xdr_write_u32(bytes, g_ascii_strtoull(word + 1, NULL, 0));
    } else if (word[0] == 'h') {
        spm_xdr_write_u64(bytes, g_ascii_strtoull(word + 1, NULL, 0));
    } else if (g_str_equal(word, "-")) {
        spm_xdr_write_optional(bytes, NULL);
    } else if (word[0] == '?') {
        spm_xdr_write_u32(bytes, 1);
        write_text(bytes, word + 1, step);
    } else if (word[0] == '$' || word[0] == '\'') {
        write_text(bytes, word, step);
    } else if (g_str_equal(word, "c$")) {
        spm_xdr_write_string(bytes, step->text, strlen(step->text) + 1);
    } else if (g_str_equal(word, "identity")) {
        g_autoptr(SpmPeer) peer = conversation_peer(root);
        g_autoptr(GByteArray) args = spm_peer_identity(peer);

        g_byte_array_append(bytes, args->data, args->len);
    } else if (g_str_has_prefix(word, "p{") && g_str_has_suffix(word, "=$}")) {
        g_autofree char *name = g_strndup(word + 2, strlen(word) - 5);

        spm_xdr_write_u32(bytes, 1);
        spm_rpc_param_write_string(bytes, name, step->text);
    } else if (g_str_equal(word, "error")) {
        g_autoptr(GError) error =
            g_error_new_literal(SPM_ERROR, SPM_ERROR_OPERATION_FAILED, "libvirtd's own words");
        g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_QEMU);

        g_byte_array_append(bytes, payload->data, payload->len);
    } else {
        g_error("'%s' is no field", word);
    }
}

/* The next word of @payload, or NULL; a quoted one may hold spaces. */
static char *
next_word(const char **payload)
{
    const char *start = *payload + strspn(*payload, " ");
    const char *end = start;

    for (gboolean quoted = FALSE; *end && (quoted || *end != ' '); end++) {
        if (*end == '\'')
            quoted = !quoted;
    }
    *payload = end;
    return end > start ? g_strndup(start, end - start) : NULL;
}

GByteArray *
conversation_message_of(const Step *step, gboolean root)
{
    const char *words = step->payload;
    char *word;
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(SpmRpcFrame) frame = NULL;
    SpmRpcHeader header = {
        .program = SPM_RPC_PROGRAM_REMOTE,
        .version = SPM_RPC_VERSION,
        .procedure = step->procedure,
        .type = step->type,
        .serial = step->serial,
        .status = step->status,
    };

    while ((word = next_word(&words))) {
        write_word(payload, word, step, root);
        g_free(word);
    }
    frame = spm_rpc_frame_new(&header, payload->data, payload->len);
    return g_byte_array_ref(frame->bytes);
}

GByteArray *
conversation_message(const Step *step)
{
    return conversation_message_of(step, FALSE);
}
