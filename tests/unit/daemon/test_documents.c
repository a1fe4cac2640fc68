/*
 * Domain XML wherever it is in a call: images, snapshots, checkpoints, typed
 * parameters, cookies, several documents at once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "documents.h"
#include "util/spm_error.h"

typedef struct {
    guint32 number;
    const char *payload;
    guint32 checked; /* what libvirtd is asked for first */
} Carrying;

/* Every call with domain XML besides define, create and translate. */
static const Carrying carrying[] = {
    { 232, "d '/image' ?$ u0", 14 },
    { 233, "'/image' ?$ u0 u77", 235 },
    { 236, "'/image' $ u0", 0 },
    { 389, "d ?$ u0", 0 },
    { 440, "d p{dxml=$} u0", 14 },
    { 441, "p{dxml=$} u0", 0 },
    { 108, "- h1 - h0 $", 0 },
    { 148, "h1 - h0 $", 0 },
    { 213, "d ?$ h1 - h0", 14 },
    { 214, "'' - h1 - h0 $", 0 },
    { 215, "'' h1 - h0 $", 0 },
    { 216, "d ?$ '' - - h1 - h0", 14 },
    { 302, "d p{destination_xml=$} u1", 14 },
    { 303, "p{persistent_xml=$} '' u1", 0 },
    { 304, "p{destination_xml=$} '' u1", 0 },
    { 305, "d - p{persistent_xml=$} '' u1", 14 },
    { 306, "p{persistent_xml=$} '' u1 u0", 0 },
};

/* Every call with a cookie in it, which may hold the domain that the destination makes
 * persistent. */
static const Carrying with_cookie[] = {
    { 214, "c$ - h1 - h0 ''", 0 },
    { 215, "c$ h1 - h0 ''", 0 },
    { 216, "d - c$ - - h1 - h0", 14 },
    { 217, "'hbm' c$ - - h1 u0", 0 },
    { 303, "u0 c$ u1", 0 },
    { 304, "u0 c$ u1", 0 },
    { 305, "d - u0 c$ u1", 14 },
    { 306, "u0 c$ u1 u0", 0 },
};

/* Send @call with @sent in it, of a domain that no check minds; what follows is up to the
 * caller. */
static Conversation *
send_call(const Carrying *call, const char *sent)
{
    Conversation *conversation = conversation_new(FALSE);

    g_test_message("procedure %u", call->number);
    conversation_run(conversation, (const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(call->number, 2, call->payload, sent) },
        { END },
    });
    if (call->checked)
        conversation_run(conversation, (const Step[]){
            { LIBVIRTD_GETS,
              CALL(call->checked, OURS(1), call->checked == 14 ? "d u0" : "'/image' u0") },
            { LIBVIRTD_SENDS, REPLY(call->checked, OURS(1), "$", PLAIN_XML) },
            { END },
        });
    return conversation;
}

static Conversation *
send(guint index, const char *sent)
{
    return send_call(&carrying[index], sent);
}

static void
test_every_call_is_lowered(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);

    for (guint i = 0; i < G_N_ELEMENTS(carrying); i++) {
        g_autoptr(Conversation) conversation = send(i, USER_ON(EMULATOR_SPM));
        guint32 serial = OURS(carrying[i].checked ? 2 : 1);

        conversation_run(conversation, (const Step[]){
            { LIBVIRTD_GETS, PROBE(serial) },
            { LIBVIRTD_SENDS, PROBE_YES(serial) },
            { LIBVIRTD_GETS, CALL(carrying[i].number, 2, carrying[i].payload, stock) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
}

/* Stock XML, even of an SPM domain, asks for nothing. */
static void
test_stock_xml_passes(void)
{
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS(carrying); i++) {
        g_autoptr(Conversation) conversation = send(i, stock);

        conversation_run(conversation, (const Step[]){
            { LIBVIRTD_GETS, CALL(carrying[i].number, 2, carrying[i].payload, stock) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
}

static void
test_what_cannot_be_translated_is_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(carrying); i++) {
        g_autoptr(Conversation) cannot = send(i, USER_ON(EMULATOR_PLAIN));
        g_autoptr(Conversation) unreadable = send(i, "<domain memmapType=");

        conversation_run(cannot, (const Step[]){
            { CLIENT_GETS_ERROR,
              ERROR_OF(carrying[i].number, 2, SPM_ERROR_CONFIG_UNSUPPORTED, EMULATOR_PLAIN) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
        conversation_run(unreadable, (const Step[]){
            { CLIENT_GETS_ERROR, ERROR_OF(carrying[i].number, 2, SPM_ERROR_XML_DETAIL, "line 1") },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
}

/* ---- domains inside of a document ---- */

static char *
make_cookie(const char *inside)
{
    return g_strconcat("<qemu-migration>\n  <name>hbm</name>\n  <feature name='persistent'/>\n", inside,
                       "</qemu-migration>\n", NULL);
}

static void
test_a_cookie_holds_a_domain(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    g_autofree char *user_cookie = make_cookie(USER_ON(EMULATOR_SPM) "\n");
    g_autofree char *cookie = make_cookie(stock);
    g_autofree char *impossible = make_cookie(USER_ON(EMULATOR_PLAIN));

    for (guint i = 0; i < G_N_ELEMENTS(with_cookie); i++) {
        const Carrying *call = &with_cookie[i];
        g_autoptr(Conversation) translated = send_call(call, user_cookie);
        g_autoptr(Conversation) refused = send_call(call, impossible);
        g_autoptr(Conversation) untouched = send_call(call, cookie);
        guint32 serial = OURS(call->checked ? 2 : 1);

        conversation_run(translated, (const Step[]){
            { LIBVIRTD_GETS, PROBE(serial) },
            { LIBVIRTD_SENDS, PROBE_YES(serial) },
            { LIBVIRTD_GETS, CALL(call->number, 2, call->payload, cookie) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
        conversation_run(refused, (const Step[]){
            { CLIENT_GETS_ERROR, ERROR_OF(call->number, 2, SPM_ERROR_CONFIG_UNSUPPORTED, EMULATOR_PLAIN) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
        conversation_run(untouched, (const Step[]){
            { LIBVIRTD_GETS, CALL(call->number, 2, call->payload, cookie) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
}

static void
test_snapshots_and_checkpoints(void)
{
    static const guint32 numbers[] = { 185, 411 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    g_autofree char *user_snapshot = make_snapshot(USER_ON(EMULATOR_SPM));
    g_autofree char *snapshot = make_snapshot(stock);

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(numbers[i], 2, "d $ u1", user_snapshot) },
            { LIBVIRTD_GETS, PROBE(OURS(1)) },
            { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
            { LIBVIRTD_GETS, CALL(numbers[i], 2, "d $ u1", snapshot) },
            /* Stock XML, which asks for nothing. */
            { CLIENT_SENDS, CALL(numbers[i], 3, "d $ u1", snapshot) },
            { LIBVIRTD_GETS, CALL(numbers[i], 3, "d $ u1", snapshot) },
            { END },
        });
    }
}

/* ---- several documents in one call ---- */

static GByteArray *
two_params(const char *first, const char *second)
{
    GByteArray *bytes = g_byte_array_new();

    spm_xdr_write_u32(bytes, 4);
    spm_rpc_param_write_string(bytes, "destination_xml", first);
    spm_rpc_param_write_ullong(bytes, "bandwidth", 7);
    spm_rpc_param_write_string(bytes, "persistent_xml", second);
    spm_rpc_param_write_string(bytes, "migrate_uri", "tcp://memmapType");
    return bytes;
}

/* PREPARE3_PARAMS with its cookie: parameters, cookie, flags. */
static GByteArray *
prepare(const char *first, const char *second, const char *inside_cookie)
{
    GByteArray *bytes = two_params(first, second);
    g_autofree char *cookie =
        g_strconcat("<qemu-migration>\n  <name>x</name>\n", inside_cookie, "</qemu-migration>\n", NULL);

    spm_xdr_write_string(bytes, cookie, strlen(cookie) + 1);
    spm_xdr_write_u32(bytes, 1);
    return bytes;
}

static void
send_raw(int fd, const GByteArray *payload)
{
    SpmRpcHeader header = { .program = SPM_RPC_PROGRAM_REMOTE,
                            .version = SPM_RPC_VERSION,
                            .procedure = 303,
                            .type = SPM_RPC_CALL,
                            .serial = 2 };
    g_autoptr(SpmRpcFrame) frame = spm_rpc_frame_new(&header, payload->data, payload->len);

    conversation_send(fd, frame->bytes->data, frame->bytes->len);
}

static void
expect_raw(int fd, const GByteArray *payload)
{
    g_autofree guint8 *got = g_malloc(SPM_RPC_HEADER_SIZE + payload->len);

    g_assert_true(conversation_receive(fd, got, SPM_RPC_HEADER_SIZE + payload->len));
    g_assert_cmpmem(got + SPM_RPC_HEADER_SIZE, payload->len, payload->data, payload->len);
}

static void
test_several_documents_in_one_call(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    const struct {
        const char *sent[3], *got[3];
    } cases[] = {
        { { USER_ON(EMULATOR_SPM), USER_ON(EMULATOR_SPM), USER_ON(EMULATOR_SPM) "\n" },
          { stock, stock, stock } },
        { { USER_ON(EMULATOR_SPM), PLAIN_XML, "" }, { stock, PLAIN_XML, "" } },
        { { PLAIN_XML, USER_ON(EMULATOR_SPM), "" }, { PLAIN_XML, stock, "" } },
        { { stock, PLAIN_XML, USER_ON(EMULATOR_SPM) "\n" }, { stock, PLAIN_XML, stock } },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Conversation) conversation = conversation_new(FALSE);
        g_autoptr(GByteArray) sent =
            prepare(cases[i].sent[0], cases[i].sent[1], cases[i].sent[2]);
        g_autoptr(GByteArray) got = prepare(cases[i].got[0], cases[i].got[1], cases[i].got[2]);

        g_test_message("case %u", i);
        conversation_run(conversation, (const Step[]){ OPENING, { END } });
        send_raw(conversation_client(conversation), sent);
        conversation_run(conversation, (const Step[]){
            { LIBVIRTD_GETS, PROBE(OURS(1)) },
            { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
            { END },
        });
        expect_raw(conversation_libvirtd(conversation), got);
    }
}

static void
test_too_many_documents_are_refused(void)
{
    g_autoptr(GString) document = g_string_new("<domainsnapshot>");

    for (guint i = 0; i <= SPM_DOCUMENTS_MAX; i++)
        g_string_append(document, USER_ON(EMULATOR_SPM));
    g_string_append(document, "</domainsnapshot>");
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(185, 2, "d $ u1", document->str) },
        { CLIENT_GETS_ERROR, ERROR_OF(185, 2, SPM_ERROR_CONFIG_UNSUPPORTED, "more than 16") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

/* The client leaves between two of them. */
static void
test_the_client_leaves_meanwhile(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *snapshot = make_snapshot(USER_ON(EMULATOR_SPM));

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(185, 2, "d $ u1", snapshot) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { EMULATOR_KEEPS_WAITING },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { NOBODY_GETS_ANYTHING },
        { CLIENT_LEAVES },
        { LIBVIRTD_IS_CLOSED },
        { EMULATOR_ANSWERS },
        { END },
    });
}

/* ---- what is no domain XML ---- */

static void
test_other_xml_is_left_alone(void)
{
    static const char backup[] = "<domainbackup><domain><cpu><numa><cell memmapType='spm'/>";

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(421, 2, "d $ - u0", backup) },
        { LIBVIRTD_GETS, CALL(421, 2, "d $ - u0", backup) },
        { CLIENT_SENDS, CALL(41, 3, "$", backup) },
        { LIBVIRTD_GETS, CALL(41, 3, "$", backup) },
        { CLIENT_SENDS, CALL(411, 4, "d $ u0", "<network><domain memmapType='spm'/></network>") },
        { LIBVIRTD_GETS, CALL(411, 4, "d $ u0", "<network><domain memmapType='spm'/></network>") },
        { END },
    });
}

/* Whatever it looks like: a procedure, a program or a version that nobody knows is
 * libvirtd's to answer. */
static void
test_what_nobody_knows_passes_both_ways(void)
{
    static const struct {
        guint32 program, version, procedure;
    } cases[] = {
        { SPM_RPC_PROGRAM_REMOTE, 1, 0 },          { SPM_RPC_PROGRAM_REMOTE, 1, 457 },
        { SPM_RPC_PROGRAM_REMOTE, 1, 0xffffffff }, { SPM_RPC_PROGRAM_REMOTE, 0, 11 },
        { SPM_RPC_PROGRAM_REMOTE, 2, 11 },         { SPM_RPC_PROGRAM_QEMU, 1, 11 },
        { SPM_RPC_PROGRAM_QEMU, 2, 1 },            { SPM_RPC_PROGRAM_LXC, 1, 11 },
        { SPM_RPC_PROGRAM_KEEPALIVE, 1, 11 },      { 0x20008088, 1, 11 },
        { 0x06900690, 1, 11 },                     { 0, 0, 0 },
    };
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    int ends[] = { conversation_client(conversation), conversation_libvirtd(conversation) };

    spm_xdr_write_u32(payload, 0); /* no descriptors, where some are said to be */
    spm_xdr_write_string(payload, USER_ON(EMULATOR_SPM), strlen(USER_ON(EMULATOR_SPM)));
    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    for (guint i = 0; i < 4 * G_N_ELEMENTS(cases); i++) {
        static const guint32 types[] = { SPM_RPC_CALL, SPM_RPC_REPLY, SPM_RPC_CALL_WITH_FDS,
                                         SPM_RPC_REPLY_WITH_FDS };
        SpmRpcHeader header = { .length = SPM_RPC_HEADER_SIZE + payload->len,
                                .program = cases[i / 4].program,
                                .version = cases[i / 4].version,
                                .procedure = cases[i / 4].procedure,
                                .type = types[i % 4],
                                .serial = 9 };
        g_autofree guint8 *sent = g_malloc(header.length);
        g_autofree guint8 *got = g_malloc(header.length);

        g_test_message("program %x, version %u, procedure %u, type %u", header.program,
                       header.version, header.procedure, header.type);
        spm_rpc_header_encode(&header, sent);
        memcpy(sent + SPM_RPC_HEADER_SIZE, payload->data, payload->len);
        conversation_send(ends[i % 2], sent, header.length);
        g_assert_true(conversation_receive(ends[1 - i % 2], got, header.length));
        g_assert_cmpmem(got, header.length, sent, header.length);
    }
    conversation_run(conversation, (const Step[]){ { NOBODY_GETS_ANYTHING }, { END } });
}

#define ADD(name, func) g_test_add_func("/daemon/documents/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("cookies", test_a_cookie_holds_a_domain);
    ADD("every-call", test_every_call_is_lowered);
    ADD("stock-passes", test_stock_xml_passes);
    ADD("cannot-be-translated", test_what_cannot_be_translated_is_refused);
    ADD("snapshots-and-checkpoints", test_snapshots_and_checkpoints);
    ADD("several", test_several_documents_in_one_call);
    ADD("too-many", test_too_many_documents_are_refused);
    ADD("client-leaves", test_the_client_leaves_meanwhile);
    ADD("other-xml", test_other_xml_is_left_alone);
    ADD("nobody-knows", test_what_nobody_knows_passes_both_ways);
    return g_test_run();
}
