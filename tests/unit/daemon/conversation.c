/*
 * conversation.c: what a client, virtspmd and libvirtd say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation.h"

#include "host/host_nodes.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A conversation that takes longer hangs. */
#define PATIENCE_SECONDS 20

struct _Conversation {
    SpmSession *session;
    SpmEnvironment environment;
    int client, libvirtd;
    gboolean over;
    GSource *patience;
};

static gboolean emulator_waits;
static GQueue emulator_tasks = G_QUEUE_INIT; /* GTask */

/* Where the host's nodes are looked for. There are none, so node 0 has all CPUs. */
static char *sysroot;

static void
remove_sysroot(void)
{
    rmdir(sysroot);
    g_free(sysroot);
}

static const char *
empty_host(void)
{
    if (!sysroot) {
        sysroot = g_dir_make_tmp("virtspm-XXXXXX", NULL);
        g_assert_nonnull(sysroot);
        atexit(remove_sysroot);
    }
    return sysroot;
}

/* ---- the emulator ---- */

SpmQemuCaps *
conversation_caps(const char *emulator)
{
    const char *features;
    SpmQemuCaps *caps;

    if (g_str_equal(emulator, EMULATOR_SPM))
        features = "sp-mem";
    else if (g_str_equal(emulator, EMULATOR_FIXED))
        features = "sp-mem,migratable";
    else if (g_str_equal(emulator, EMULATOR_PLAIN))
        features = "";
    else
        return NULL;
    caps = spm_qemu_caps_assume(features, NULL);
    caps->binary = g_strdup(emulator);
    caps->version = g_strdup("11.1.3");
    return caps;
}

/* As emulator @as answers, or as the one that was asked about when that is NULL. */
static void
answer_lookup(GTask *task, const char *as)
{
    const char *emulator = as ? as : g_task_get_task_data(task);
    SpmQemuCaps *caps = conversation_caps(emulator);

    if (caps)
        g_task_return_pointer(task, caps, (GDestroyNotify)spm_qemu_caps_unref);
    else
        g_task_return_new_error(task, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                "cannot run emulator %s", emulator);
    g_object_unref(task);
}

static void
lookup_async(SpmQemuCapsCache *cache, const char *binary, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);

    g_task_set_task_data(task, g_strdup(binary), g_free);
    if (emulator_waits)
        g_queue_push_tail(&emulator_tasks, task);
    else
        answer_lookup(task, NULL);
}

static SpmQemuCaps *
lookup_finish(SpmQemuCapsCache *cache, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* As if the emulator had been asked before. */
static SpmQemuCaps *
known(SpmQemuCapsCache *cache, const char *binary)
{
    return conversation_caps(binary);
}

static void
let_emulator_answer(void)
{
    GTask *task;

    emulator_waits = FALSE;
    while ((task = g_queue_pop_head(&emulator_tasks)))
        answer_lookup(task, NULL);
}

void
conversation_emulator_wait(void)
{
    emulator_waits = TRUE;
}

guint
conversation_emulator_questions(void)
{
    return emulator_tasks.length;
}

gboolean
conversation_emulator_answer(guint index, const char *as)
{
    GTask *task = g_queue_pop_nth(&emulator_tasks, index);

    if (task)
        answer_lookup(task, as);
    return task != NULL;
}

char *
conversation_lowered(const char *xml, const char *emulator, gboolean memoryless)
{
    g_autoptr(SpmQemuCaps) caps = conversation_caps(emulator);
    g_autoptr(SpmNodeset) nodes = spm_host_nodes_with_cpus(empty_host(), NULL);
    g_autoptr(GError) error = NULL;
    SpmLoweringContext context = {
        .qemu = caps,
        .memoryless_cells = memoryless,
        .nodes_with_cpus = nodes,
    };
    char *lowered = spm_domain_lower(xml, strlen(xml), &context, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(lowered, !=, xml);
    return lowered;
}

/* ---- polkit ---- */

static GTask *polkit_question; /* what it is asked now */
static SpmAccess polkit_access;

static void
authorize_async(const SpmPeer *peer, SpmAccess access, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data)
{
    g_assert_null(polkit_question);
    g_assert_cmpuint(peer->uid, ==, 1234);
    polkit_access = access;
    polkit_question = g_task_new(NULL, cancellable, callback, user_data);
}

static gboolean
authorize_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
wait_for_question(SpmAccess access)
{
    while (!polkit_question)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(polkit_access, ==, access);
}

/* Yes, without an error. */
static void
answer_question(int code)
{
    g_autoptr(GTask) task = g_steal_pointer(&polkit_question);

    g_assert_nonnull(task);
    if (code == 0)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_new_error(task, SPM_ERROR, code, "access denied by policy");
}

static void
expect_question_taken_back(void)
{
    while (!g_cancellable_is_cancelled(g_task_get_cancellable(polkit_question)))
        g_main_context_iteration(NULL, TRUE);
    answer_question(0);
}

/* ---- messages ---- */

static void
write_domain(GByteArray *bytes)
{
    static const guint8 uuid[16] = "0123456789abcde";

    spm_xdr_write_string(bytes, "guest", 5);
    spm_xdr_write_fixed(bytes, uuid, sizeof uuid);
    spm_xdr_write_u32(bytes, 7);
}

static SpmPeer *
make_peer(gboolean root)
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
        g_autoptr(SpmPeer) peer = make_peer(root);
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

static GByteArray *
message_of(const Step *step, gboolean root)
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
    return message_of(step, FALSE);
}

/* ---- steps ---- */

static gboolean
out_of_patience(gpointer data)
{
    g_error("the conversation hangs");
    return G_SOURCE_REMOVE;
}

void
conversation_settle(Conversation *conversation)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

void
conversation_send(int fd, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);

        if (sent < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_main_context_iteration(NULL, TRUE);
        } else {
            done += sent;
        }
    }
}

gboolean
conversation_receive(int fd, guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t got = recv(fd, bytes + done, size - done, 0);

        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return FALSE;
        if (got < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_main_context_iteration(NULL, TRUE);
        } else {
            done += got;
        }
    }
    return TRUE;
}

static SpmRpcFrame *
receive_message(int fd)
{
    SpmRpcFrame *frame = g_new0(SpmRpcFrame, 1);

    frame->bytes = g_byte_array_new();
    g_byte_array_set_size(frame->bytes, SPM_RPC_HEADER_SIZE);
    g_assert_true(conversation_receive(fd, frame->bytes->data, SPM_RPC_HEADER_SIZE));
    spm_rpc_header_decode(frame->bytes->data, &frame->header);
    g_assert_cmpuint(frame->header.length, <=, SPM_RPC_FRAME_MAX);
    g_byte_array_set_size(frame->bytes, frame->header.length);
    g_assert_true(conversation_receive(fd, frame->bytes->data + SPM_RPC_HEADER_SIZE,
                                       frame->header.length - SPM_RPC_HEADER_SIZE));
    return frame;
}

static void
expect_message(int fd, const Step *step, gboolean root)
{
    g_autoptr(SpmRpcFrame) frame = receive_message(fd);
    g_autoptr(GByteArray) expected = message_of(step, root);

    g_assert_cmpuint(frame->header.procedure, ==, step->procedure);
    g_assert_cmpuint(frame->header.serial, ==, step->serial);
    g_assert_cmpuint(frame->header.type, ==, step->type);
    g_assert_cmpmem(frame->bytes->data, frame->bytes->len, expected->data, expected->len);
}

static void
expect_error(int fd, const Step *step)
{
    g_autoptr(SpmRpcFrame) frame = receive_message(fd);
    g_auto(SpmRpcErrorInfo) info = { 0 };
    const guint8 *payload;
    gsize size;

    g_assert_cmpuint(frame->header.program, ==, SPM_RPC_PROGRAM_REMOTE);
    g_assert_cmpuint(frame->header.procedure, ==, step->procedure);
    g_assert_cmpuint(frame->header.serial, ==, step->serial);
    g_assert_cmpuint(frame->header.type, ==, SPM_RPC_REPLY);
    g_assert_cmpuint(frame->header.status, ==, SPM_RPC_ERROR);
    payload = spm_rpc_frame_payload(frame, &size);
    g_assert_true(spm_rpc_error_decode(payload, size, &info));
    if (!strstr(info.message, step->text))
        g_error("the message '%s' does not say '%s'", info.message, step->text);
    g_assert_cmpuint(info.code, ==, step->status);
}

static void
expect_closed(int fd)
{
    guint8 byte;

    g_assert_false(conversation_receive(fd, &byte, 1));
}

static void
expect_nothing(int fd)
{
    guint8 byte;

    g_assert_cmpint(recv(fd, &byte, 1, MSG_PEEK), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void
send_step(int fd, const Step *step, gboolean root)
{
    g_autoptr(GByteArray) message = message_of(step, root);

    conversation_send(fd, message->data, message->len);
}

static void
leave(int *fd)
{
    close(*fd);
    *fd = -1;
}

void
conversation_run(Conversation *conversation, const Step *steps)
{
    gboolean root = spm_session_peer(conversation->session)->uid == 0;

    for (const Step *step = steps; step->act != END; step++) {
        g_test_message("step %d: procedure %u, serial %u", (int)(step - steps), step->procedure,
                       step->serial);
        switch (step->act) {
        case CLIENT_SENDS:
            send_step(conversation->client, step, root);
            break;
        case CLIENT_GETS:
            expect_message(conversation->client, step, root);
            break;
        case CLIENT_GETS_ERROR:
            expect_error(conversation->client, step);
            break;
        case CLIENT_LEAVES:
            conversation_client_leaves(conversation);
            break;
        case CLIENT_IS_CLOSED:
            expect_closed(conversation->client);
            break;
        case LIBVIRTD_GETS:
            expect_message(conversation->libvirtd, step, root);
            break;
        case LIBVIRTD_SENDS:
            send_step(conversation->libvirtd, step, root);
            break;
        case LIBVIRTD_LEAVES:
            conversation_libvirtd_leaves(conversation);
            break;
        case LIBVIRTD_IS_CLOSED:
            expect_closed(conversation->libvirtd);
            break;
        case NOBODY_GETS_ANYTHING:
            conversation_settle(conversation);
            expect_nothing(conversation->client);
            expect_nothing(conversation->libvirtd);
            break;
        case EMULATOR_KEEPS_WAITING:
            emulator_waits = TRUE;
            break;
        case EMULATOR_ANSWERS:
            let_emulator_answer();
            break;
        case POLKIT_IS_ASKED:
            wait_for_question(step->type);
            break;
        case POLKIT_SAYS:
            answer_question(step->type);
            break;
        case POLKIT_IS_ASKED_NO_MORE:
            expect_question_taken_back();
            break;
        case END:
            break;
        }
    }
}

/* ---- life ---- */

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

static gint64
wall_clock(void)
{
    return CONVERSATION_TIME;
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
    conversation->environment.lookup_async = lookup_async;
    conversation->environment.lookup_finish = lookup_finish;
    conversation->environment.authorize_async = authorize_async;
    conversation->environment.authorize_finish = authorize_finish;
    conversation->environment.known = known;
    conversation->environment.wall_clock = wall_clock;
    conversation->environment.sysroot = empty_host();
    conversation->environment.placer = placer;
    conversation->session = spm_session_new(spm_transport_new_unix(client[1]),
                                            spm_transport_new_unix(server[1]), make_peer(root), terms,
                                            &conversation->environment, closed, conversation);
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
    let_emulator_answer();
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
