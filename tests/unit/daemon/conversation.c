/*
 * conversation.c: what a client, virtspmd and libvirtd say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation_private.h"

#include <sys/socket.h>
#include <unistd.h>

/* A conversation that takes longer hangs. */
#define PATIENCE_SECONDS 20

static gboolean
out_of_patience(gpointer data)
{
    g_error("the conversation hangs");
    return G_SOURCE_REMOVE;
}

static void
closed(SpmSession *session, gpointer user_data)
{
    ((Conversation *)user_data)->over = TRUE;
}

SpmTerms
conversation_terms(SpmAccess access, SpmAuth auth)
{
    const SpmTerms terms = {
        .access = access,
        .auth = auth,
        .max_requests = SPM_SESSION_HELD_MAX,
        .max_memory = SPM_SESSION_HELD_BYTES_MAX,
        .since = g_get_monotonic_time(),
    };

    return terms;
}

static Conversation *
new_conversation(gboolean root, const SpmTerms *terms, SpmPlacer *placer)
{
    Conversation *conversation = g_new0(Conversation, 1);
    int client[2], server[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, client), ==,
                    0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, server), ==,
                    0);
    conversation->client = client[0];
    conversation->libvirtd = server[0];
    conversation_play_parts(&conversation->environment);
    conversation->environment.placer = placer;
    conversation->session = spm_session_new(spm_transport_new_unix(client[1]),
                                            spm_transport_new_unix(server[1]), conversation_peer(root),
                                            terms, &conversation->environment, closed, conversation);
    conversation->patience = g_timeout_source_new_seconds(PATIENCE_SECONDS);
    g_source_set_callback(conversation->patience, out_of_patience, NULL, NULL);
    g_source_attach(conversation->patience, NULL);
    return conversation;
}

Conversation *
conversation_new_for(gboolean root, SpmAccess access, SpmPlacer *placer)
{
    const SpmTerms terms = conversation_terms(access, SPM_AUTH_NONE);

    return new_conversation(root, &terms, placer);
}

Conversation *
conversation_new_on(const SpmTerms *terms)
{
    return new_conversation(FALSE, terms, NULL);
}

Conversation *
conversation_new_placing(gboolean root, SpmPlacer *placer)
{
    return conversation_new_for(root, SPM_ACCESS_READ_WRITE, placer);
}

Conversation *
conversation_new(gboolean root)
{
    return conversation_new_placing(root, NULL);
}

void
conversation_free(Conversation *conversation)
{
    spm_session_close(conversation->session);
    conversation_let_emulator_answer();
    conversation_settle(conversation);
    spm_session_unref(conversation->session);
    if (conversation->client >= 0)
        close(conversation->client);
    if (conversation->libvirtd >= 0)
        close(conversation->libvirtd);
    g_source_destroy(conversation->patience);
    g_source_unref(conversation->patience);
    g_free(conversation);
}

void
conversation_test(const Step *steps)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);

    conversation_run(conversation, steps);
}

void
conversation_test_as_root(const Step *steps)
{
    g_autoptr(Conversation) conversation = conversation_new(TRUE);

    conversation_run(conversation, steps);
}

void
conversation_test_read_only(const Step *steps)
{
    g_autoptr(Conversation) conversation = conversation_new_for(FALSE, SPM_ACCESS_READ_ONLY, NULL);

    conversation_run(conversation, steps);
}

static void
leave(int *fd)
{
    close(*fd);
    *fd = -1;
}

void
conversation_client_leaves(Conversation *conversation)
{
    leave(&conversation->client);
}

void
conversation_libvirtd_leaves(Conversation *conversation)
{
    leave(&conversation->libvirtd);
}

static void
test_polkit(gboolean root, SpmAccess access, const Step *steps)
{
    const SpmTerms terms = conversation_terms(access, SPM_AUTH_POLKIT);
    g_autoptr(Conversation) conversation = new_conversation(root, &terms, NULL);

    conversation_run(conversation, steps);
}

void
conversation_test_polkit(const Step *steps)
{
    test_polkit(FALSE, SPM_ACCESS_READ_WRITE, steps);
}

void
conversation_test_polkit_as_root(const Step *steps)
{
    test_polkit(TRUE, SPM_ACCESS_READ_WRITE, steps);
}

void
conversation_test_polkit_read_only(const Step *steps)
{
    test_polkit(FALSE, SPM_ACCESS_READ_ONLY, steps);
}

int
conversation_client(Conversation *conversation)
{
    return conversation->client;
}

int
conversation_libvirtd(Conversation *conversation)
{
    return conversation->libvirtd;
}

gboolean
conversation_is_over(Conversation *conversation)
{
    return conversation->over;
}

void
conversation_set_schema(Conversation *conversation, const char *path)
{
    conversation->environment.schema = path;
}
