/*
 * fuzz_session: a whole conversation, with a hostile client and a hostile libvirtd
 *
 * The input is a script. Its first byte says what the client is and how the
 * conversation begins and ends; then come steps, in which the client or libvirtd
 * sends messages, whole, in halves or in floods, or stops reading or leaves, and
 * the emulators answer or let virtspmd wait. virtspmd is a real session between two
 * socket pairs (unit/daemon/conversation.h). What arrives is held against
 * session_oracle.h; at the end all that is open is answered, and nothing may be
 * left: no call, no session, no descriptor.
 *
 * No threads and no clock: one input always plays the same way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/out_queue.h"
#include "fuzz.h"
#include "rpc/rpc_procedures.h"
#include "session_message.h"
#include "session_oracle.h"
#include "session_place.h"
#include "session_wire.h"
#include "unit/daemon/conversation.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INPUT_MAX 4096
#define STEPS_MAX 64
/* Both ends read again and again until nothing comes; far more than ever needed. */
#define ROUNDS_MAX 1000
/* Pieces of one message, if it comes in pieces. */
#define PIECES 8

/* What the kernel is asked to hold for a peer, here. In the daemon it is so much that a
 * flood takes most of the time that there is, and queues are rarely needed. */
#define UNREAD_MAX (32 * 1024)

/* A flood, and what of it may be on its way while nobody reads: the queue, one
 * message, the parser's input, what the kernel holds for the peer (twice what it is asked
 * for), and the buffer of the socket that it comes from. */
#define FLOOD_BYTES (2 * 1024 * 1024)
#define FLOOD_MESSAGE (64 * 1024)
#define ON_THE_WAY_MAX                                                                     \
    (SPM_OUT_QUEUE_BYTES_MAX + 3 * FLOOD_MESSAGE + 2 * UNREAD_MAX + 256 * 1024)

enum {
    AS_ROOT = 1 << 0,
    PLACING = 1 << 1,
    NOT_OPEN = 1 << 2,
    ENDS_WITH_ERRORS = 1 << 3,
    LIBVIRTD_LEAVES_FIRST = 1 << 4,
    EMULATOR_WAITS = 1 << 5,
    READ_ONLY = 1 << 6, /* it came in through the read-only socket */
};

typedef struct {
    Conversation *conversation;
    Oracle *oracle;
    Wire *wire;
    guint32 next_serial;
    guint sent;       /* messages completed by one send */
    gboolean reads;
    gboolean gone;
    Message *rest;    /* half sent */
    gsize done;
} Party;

typedef struct {
    Conversation *conversation;
    Oracle *oracle;
    Party client, libvirtd;
    gboolean flooded;
} Talk;

/* The daemon does the slow things in worker threads; here they are done at once. */
void
g_task_run_in_thread(GTask *task, GTaskThreadFunc func)
{
    func(task, g_task_get_source_object(task), g_task_get_task_data(task), g_task_get_cancellable(task));
}

int
setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    const int unread = UNREAD_MAX;
    gboolean buffer = level == SOL_SOCKET && option == SO_SNDBUF;

    return (int)syscall(SYS_setsockopt, fd, level, option, buffer ? &unread : value, buffer ? sizeof unread : size);
}

/* ---- what is told to the oracle ---- */

static void
client_sent(Whole *whole, gpointer data)
{
    Party *party = data;

    oracle_client_sent(party->oracle, whole);
}

static void
client_got(Whole *whole, gpointer data)
{
    oracle_client_got(((Party *)data)->oracle, whole);
}

static void
libvirtd_sent(Whole *whole, gpointer data)
{
    Party *party = data;

    /* Between the two virtspmd may have asked something. */
    if (++party->sent > 1)
        oracle_lose_track(party->oracle);
    oracle_libvirtd_sent(party->oracle, whole);
}

static void
libvirtd_got(Whole *whole, gpointer data)
{
    oracle_libvirtd_got(((Party *)data)->oracle, whole);
}

/* ---- letting virtspmd work ---- */

static gboolean
may_be_over(const Talk *talk)
{
    return talk->client.gone || talk->libvirtd.gone || oracle_may_end(talk->oracle) ||
           wire_is_malformed(talk->client.wire) || wire_is_malformed(talk->libvirtd.wire) ||
           wire_is_irregular(talk->client.wire) || wire_is_irregular(talk->libvirtd.wire);
}

static void
check_bounds(const Party *from, const Party *to)
{
    guint64 on_the_way = wire_sent(from->wire) - MIN(wire_sent(from->wire), wire_received(to->wire));

    if (on_the_way > ON_THE_WAY_MAX)
        broken("%" G_GUINT64_FORMAT " bytes are on their way to somebody who does not read", on_the_way);
}

static void
settle(Talk *talk)
{
    gboolean any = TRUE;

    if (wire_is_irregular(talk->client.wire))
        oracle_distrust_client(talk->oracle);
    if (wire_is_irregular(talk->libvirtd.wire))
        oracle_distrust_libvirtd(talk->oracle);
    for (guint i = 0; any; i++) {
        if (i == ROUNDS_MAX)
            broken("the conversation never settles");
        conversation_settle(talk->conversation);
        any = talk->client.reads && wire_receive(talk->client.wire);
        any |= talk->libvirtd.reads && wire_receive(talk->libvirtd.wire);
    }
    /* The reason may be in what the client has not read. */
    if (conversation_is_over(talk->conversation) && talk->client.reads && !may_be_over(talk))
        broken("the session has ended without a reason");
    if (!talk->client.reads)
        check_bounds(&talk->libvirtd, &talk->client);
    if (!talk->libvirtd.reads)
        check_bounds(&talk->client, &talk->libvirtd);
}

/* ---- steps ---- */

static gboolean
is_asked_for(const Talk *talk, const SpmRpcHeader *header)
{
    const SpmRpcHeader *open;

    for (guint i = 0; (open = oracle_unanswered(talk->oracle, i)); i++) {
        if (open->procedure == header->procedure && open->serial == header->serial)
            return TRUE;
    }
    return FALSE;
}

/* Whose answer it is, is decided when its header is there. */
static void
before_pieces(const Talk *talk, const Party *party, const Message *message)
{
    if (party == &talk->libvirtd && message->header.serial >= SPM_SERIALS_FIRST &&
        !is_asked_for(talk, &message->header))
        oracle_lose_track(talk->oracle);
}

static void
send_message(Talk *talk, Party *party, const Message *message, gboolean in_pieces)
{
    gsize size = message->bytes->len;
    gsize piece = in_pieces ? MAX(size / PIECES, 1) : size;

    party->sent = 0;
    if (in_pieces)
        before_pieces(talk, party, message);
    for (gsize done = 0; done < size; done += piece) {
        wire_send(party->wire, message, done, piece);
        settle(talk);
    }
}

static void
send_half(Talk *talk, Party *party, Message *message, Script *script)
{
    party->sent = 0;
    if (party->rest) {
        message_free(message);
        wire_send(party->wire, party->rest, party->done, party->rest->bytes->len);
        g_clear_pointer(&party->rest, message_free);
    } else {
        before_pieces(talk, party, message);
        party->rest = message;
        party->done = script_u16(script) % message->bytes->len;
        wire_send(party->wire, message, 0, party->done);
    }
    settle(talk);
}

static Message *
read_reply(Talk *talk, Script *script)
{
    guint count = oracle_count_unanswered(talk->oracle);
    guint8 index = script_byte(script);

    if (count == 0)
        return message_read(script, SPM_RPC_REPLY, &talk->libvirtd.next_serial);
    return message_read_reply(script, oracle_unanswered(talk->oracle, index % count));
}

static Message *
read_from_libvirtd(Talk *talk, Script *script)
{
    static const guint32 types[] = { SPM_RPC_MESSAGE, SPM_RPC_STREAM, SPM_RPC_STREAM_HOLE, SPM_RPC_REPLY };

    return message_read(script, types[script_choose(script, G_N_ELEMENTS(types))], &talk->libvirtd.next_serial);
}

static Message *
read_from_client(Talk *talk, Script *script)
{
    static const guint32 types[] = { SPM_RPC_CALL_WITH_FDS, SPM_RPC_STREAM, SPM_RPC_STREAM_HOLE, SPM_RPC_MESSAGE };

    return message_read(script, types[script_choose(script, G_N_ELEMENTS(types))], &talk->client.next_serial);
}

/* Events or streams without an end, to somebody who does not read. */
static void
flood(Talk *talk, Party *from, Party *to)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(Message) message = NULL;

    if (talk->flooded || wire_is_torn(from->wire))
        return;
    g_byte_array_set_size(payload, FLOOD_MESSAGE - SPM_RPC_HEADER_SIZE);
    memset(payload->data, 'x', payload->len);
    message = message_new(208, SPM_RPC_STREAM, 1, SPM_RPC_CONTINUE, payload);
    talk->flooded = TRUE;
    to->reads = FALSE;
    oracle_lose_track(talk->oracle);
    for (guint i = 0; i < FLOOD_BYTES / FLOOD_MESSAGE && !wire_is_torn(from->wire); i++)
        send_message(talk, from, message, FALSE);
}

static void
emulator(Script *script)
{
    static const char *const answers[] = { NULL, NULL, EMULATOR_SPM, EMULATOR_FIXED, EMULATOR_PLAIN, "/emulator/missing" };
    guint8 kind = script_byte(script);
    guint count = conversation_emulator_questions();

    if (count == 0 || kind < 64)
        conversation_emulator_wait();
    else
        conversation_emulator_answer(kind % count, answers[script_choose(script, G_N_ELEMENTS(answers))]);
}

static void
leave(Talk *talk, Party *party)
{
    if (party->gone)
        return;
    party->gone = TRUE;
    wire_end(party->wire);
    oracle_lose_track(talk->oracle);
    if (party == &talk->client)
        conversation_client_leaves(talk->conversation);
    else
        conversation_libvirtd_leaves(talk->conversation);
}

static void
take_step(Talk *talk, Script *script)
{
    guint8 step = script_byte(script);
    Party *party = step & 0x80 ? &talk->libvirtd : &talk->client;
    gboolean in_pieces = (step & 0x60) == 0x60;
    g_autoptr(Message) message = NULL;

    switch (step & 0x0f) {
    case 8:
        message = party == &talk->client ? read_from_client(talk, script) : read_from_libvirtd(talk, script);
        break;
    case 9:
    case 10:
        message = party == &talk->client ? message_read(script, SPM_RPC_CALL, &party->next_serial)
                                         : read_reply(talk, script);
        send_half(talk, party, g_steal_pointer(&message), script);
        return;
    case 11:
    case 12:
        emulator(script);
        break;
    case 13:
        party->reads = !party->reads;
        oracle_lose_track(talk->oracle);
        break;
    case 14:
        if (script_byte(script) >= 224)
            leave(talk, party);
        break;
    case 15:
        if (script_byte(script) >= 240)
            flood(talk, party, party == &talk->client ? &talk->libvirtd : &talk->client);
        break;
    default:
        message = party == &talk->client ? message_read(script, SPM_RPC_CALL, &party->next_serial)
                                         : read_reply(talk, script);
        break;
    }
    if (message)
        send_message(talk, party, message, in_pieces);
    else
        settle(talk);
    /* What is behind half a message waits, and happens in another order. */
    if (wire_is_torn(talk->client.wire) || wire_is_torn(talk->libvirtd.wire))
        oracle_lose_track(talk->oracle);
}

/* ---- beginning and end ---- */

static void
party_init(Party *party, Talk *talk, int fd, WireFunc sent, WireFunc got)
{
    party->oracle = talk->oracle;
    party->wire = wire_new(fd, sent, got, party);
    party->next_serial = 1;
    party->reads = TRUE;
}

static void
party_clear(Party *party)
{
    wire_free(party->wire);
    g_clear_pointer(&party->rest, message_free);
}

static void
answer(Talk *talk, guint32 status)
{
    const SpmRpcHeader *call = oracle_unanswered(talk->oracle, 0);
    g_autoptr(Message) reply = message_new(call->procedure, SPM_RPC_REPLY, call->serial, status, NULL);

    reply->header.program = call->program;
    reply->header.version = call->version;
    spm_rpc_header_encode(&reply->header, reply->bytes->data);
    send_message(talk, &talk->libvirtd, reply, FALSE);
}

static void
open_connection(Talk *talk)
{
    static const guint8 args[8];
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(Message) call = NULL;

    g_byte_array_append(payload, args, sizeof args);
    call = message_new(SPM_RPC_CONNECT_OPEN, SPM_RPC_CALL, talk->client.next_serial++, SPM_RPC_OK, payload);
    send_message(talk, &talk->client, call, FALSE);
    for (guint i = 0; i < 2; i++) {
        check(oracle_count_unanswered(talk->oracle) == 1);
        answer(talk, SPM_RPC_OK);
    }
}

/* Everybody reads, finishes what was begun and answers what was asked. */
static void
come_to_an_end(Talk *talk, guint32 status)
{
    talk->client.reads = talk->libvirtd.reads = TRUE;
    settle(talk);
    if (!wire_complete(talk->client.wire) || !wire_complete(talk->libvirtd.wire) || may_be_over(talk))
        return;
    settle(talk);
    for (guint i = 0; !may_be_over(talk); i++) {
        if (i == ROUNDS_MAX)
            broken("virtspmd never stops asking");
        if (conversation_emulator_questions() > 0)
            conversation_emulator_answer(0, NULL);
        else if (oracle_count_unanswered(talk->oracle) > 0)
            answer(talk, status);
        else
            break;
        settle(talk);
    }
    if (!may_be_over(talk))
        oracle_check_complete(talk->oracle);
}

static void
part(Talk *talk, gboolean libvirtd_first)
{
    leave(talk, libvirtd_first ? &talk->libvirtd : &talk->client);
    settle(talk);
    leave(talk, libvirtd_first ? &talk->client : &talk->libvirtd);
    while (conversation_emulator_answer(0, NULL))
        settle(talk);
    settle(talk);
    if (!conversation_is_over(talk->conversation))
        broken("the session outlives both of its peers");
}

static void
play(Script *script)
{
    guint8 manner = script_byte(script);
    g_autoptr(Conversation) conversation =
        conversation_new_for((manner & AS_ROOT) != 0,
                             manner & READ_ONLY ? SPM_ACCESS_READ_ONLY : SPM_ACCESS_READ_WRITE,
                             manner & PLACING ? session_placer() : NULL);
    g_autoptr(Oracle) oracle = oracle_new();
    Talk talk = { .conversation = conversation, .oracle = oracle };

    conversation_set_schema(conversation, session_schema());
    party_init(&talk.client, &talk, conversation_client(conversation), client_sent, client_got);
    party_init(&talk.libvirtd, &talk, conversation_libvirtd(conversation), libvirtd_sent, libvirtd_got);
    if (!(manner & NOT_OPEN))
        open_connection(&talk);
    if (manner & EMULATOR_WAITS)
        conversation_emulator_wait();
    for (guint i = 0; i < STEPS_MAX && script->left > 0; i++)
        take_step(&talk, script);
    come_to_an_end(&talk, manner & ENDS_WITH_ERRORS ? SPM_RPC_ERROR : SPM_RPC_OK);
    part(&talk, (manner & LIBVIRTD_LEAVES_FIRST) != 0);
    party_clear(&talk.client);
    party_clear(&talk.libvirtd);
}

/* ---- */

static guint
count_descriptors(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (dir && g_dir_read_name(dir))
        count++;
    return count;
}

/* A criticism of GLib's is a mistake of the caller's. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) {
        g_log_writer_standard_streams(level, fields, n_fields, NULL);
        abort();
    }
    return G_LOG_WRITER_HANDLED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static guint expected;
    Script script = { data, size };

    if (expected == 0)
        g_log_set_writer_func(write_log, NULL, NULL);
    if (size > INPUT_MAX)
        return 0;
    play(&script);
    /* Libraries open something when they are used first, but only then. */
    if (count_descriptors() != expected) {
        expected = count_descriptors();
        script = (Script){ data, size };
        play(&script);
        if (count_descriptors() != expected)
            broken("%u descriptors were open before, and now there are %u", expected, count_descriptors());
    }
    return 0;
}
