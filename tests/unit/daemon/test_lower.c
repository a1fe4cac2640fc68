/*
 * Domain XML on its way to libvirtd, call by call
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "documents.h"
#include "util/spm_error.h"

#include <glib/gstdio.h>

static void
test_what_does_not_ask_passes(void)
{
    /* The word is there, but it asks for nothing. */
    static const char mentions[] =
        "<domain type='qemu'><name>guest</name><description>no memmapType</description></domain>";

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(11, 2, "$", PLAIN_XML) },
        { LIBVIRTD_SENDS, REPLY(11, 2, "d") },
        { CLIENT_GETS, REPLY(11, 2, "d") },
        { CLIENT_SENDS, CALL(350, 3, "$ u0", mentions) },
        { LIBVIRTD_GETS, CALL(350, 3, "$ u0", mentions) },
        { CLIENT_SENDS, CALL(10, 4, "$ u0", "not XML at all") },
        { LIBVIRTD_GETS, CALL(10, 4, "$ u0", "not XML at all") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

/* Every call that defines, starts or translates; flags and what follows stay. */
static void
test_every_call_is_lowered(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
        { LIBVIRTD_SENDS, REPLY(11, 2, "d") },
        { CLIENT_GETS, REPLY(11, 2, "d") },
        /* The probe is not repeated on this connection. */
        { CLIENT_SENDS, CALL(350, 3, "$ u4", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, CALL(350, 3, "$ u4", stock) },
        { CLIENT_SENDS, CALL(10, 4, "$ u1 u77", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, CALL(10, 4, "$ u1 u77", stock) },
        { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 309, 5, SPM_RPC_OK, "u0 $ u2",
          USER_ON(EMULATOR_SPM) },
        { LIBVIRTD_GETS, SPM_RPC_CALL_WITH_FDS, 309, 5, SPM_RPC_OK, "u0 $ u2", stock },
        { CLIENT_SENDS, CALL(136, 6, "'qemu-argv' $ u0", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, CALL(136, 6, "'qemu-argv' $ u0", stock) },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_libvirt_without_memoryless_cells(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, REPLY(136, OURS(1), "'qemu -numa node,nodeid=1,memdev=ram-node1'") },
        { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
        { END },
    });
}

/* Without <emulator> libvirt says which one it would take. */
static void
test_emulator_of_libvirts_choice(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_XML(""), EMULATOR_SPM, TRUE);

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", USER_XML("")) },
        { LIBVIRTD_GETS, CALL(342, OURS(1), "- ?'x86_64' ?'q35' ?'qemu' u0") },
        { LIBVIRTD_SENDS,
          REPLY(342, OURS(1), "$",
                "<domainCapabilities><path>" EMULATOR_SPM "</path></domainCapabilities>") },
        { LIBVIRTD_GETS, PROBE(OURS(2)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(2)) },
        { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
        { END },
    });
}

static void
test_libvirt_does_not_name_an_emulator(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", USER_XML("")) },
        { LIBVIRTD_GETS, CALL(342, OURS(1), "- ?'x86_64' ?'q35' ?'qemu' u0") },
        { LIBVIRTD_SENDS, REPLY(342, OURS(1), "$", "<domainCapabilities/>") },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 2, SPM_ERROR_CONFIG_UNSUPPORTED, "<emulator>") },
        { CLIENT_SENDS, CALL(11, 3, "$", USER_XML("")) },
        { LIBVIRTD_GETS, CALL(342, OURS(2), "- ?'x86_64' ?'q35' ?'qemu' u0") },
        { LIBVIRTD_SENDS, REPLY(342, OURS(2), "$", "<domainCapa") },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 3, SPM_ERROR_CONFIG_UNSUPPORTED, "<emulator>") },
        { END },
    });
}

/* libvirtd's own error is the answer, with its own code. */
static void
test_errors_of_questions_reach_the_client(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", USER_XML("")) },
        { LIBVIRTD_GETS, CALL(342, OURS(1), "- ?'x86_64' ?'q35' ?'qemu' u0") },
        { LIBVIRTD_SENDS, FAILURE(342, OURS(1)) },
        { CLIENT_GETS, FAILURE(11, 2) },
        { CLIENT_SENDS, CALL(11, 3, "$", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, PROBE(OURS(2)) },
        { LIBVIRTD_SENDS, FAILURE(136, OURS(2)) },
        { CLIENT_GETS, FAILURE(11, 3) },
        { END },
    });
}

static void
test_what_cannot_be_built_is_refused(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_PLAIN)) },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 2, SPM_ERROR_CONFIG_UNSUPPORTED, EMULATOR_PLAIN) },
        { CLIENT_SENDS, CALL(11, 3, "$", USER_ON("/emulator/missing")) },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 3, SPM_ERROR_CONFIG_UNSUPPORTED, "/emulator/missing") },
        { CLIENT_SENDS, CALL(11, 4, "$", USER_ON("qemu")) },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 4, SPM_ERROR_XML, "not an absolute path") },
        { CLIENT_SENDS, CALL(11, 5, "$", "<domain><cpu><numa><cell memmapType='spm'") },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 5, SPM_ERROR_XML_DETAIL, "line 1") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

/* Nobody else waits for an emulator that is slow to answer. */
static void
test_a_slow_emulator_keeps_nobody_else_waiting(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);

    conversation_test((const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) },
        { CLIENT_SENDS, CALL(157, 3, "") },
        { LIBVIRTD_GETS, CALL(157, 3, "") },
        { LIBVIRTD_SENDS, REPLY(157, 3, "h1") },
        { CLIENT_GETS, REPLY(157, 3, "h1") },
        { NOBODY_GETS_ANYTHING },
        { EMULATOR_ANSWERS },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
        { END },
    });
}

static void
test_the_client_leaves_while_the_emulator_is_asked(void)
{
    conversation_test((const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_SPM)) },
        { CLIENT_SENDS, CALL(157, 3, "") },
        { LIBVIRTD_GETS, CALL(157, 3, "") },
        { CLIENT_LEAVES },
        { LIBVIRTD_IS_CLOSED },
        { EMULATOR_ANSWERS },
        { END },
    });
}

static void
test_xml_that_grows_too_long(void)
{
    static const char rest[] = USER_XML("<!--@--><emulator>" EMULATOR_SPM "</emulator>");
    g_auto(GStrv) halves = g_strsplit(rest, "@", 2);
    g_autofree char *padding = g_strnfill(SPM_RPC_STRING_MAX - strlen(rest), ' ');
    g_autofree char *xml = g_strconcat(halves[0], padding, halves[1], NULL);
    g_autofree char *probe = make_probe(EMULATOR_SPM);

    g_assert_cmpuint(strlen(xml), <=, SPM_RPC_STRING_MAX);
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "$", xml) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 2, SPM_ERROR_CONFIG_UNSUPPORTED, "longer than libvirt") },
        { END },
    });
}

/* ---- --validate ---- */

#define RNG "http://relaxng.org/ns/structure/1.0"

static const char accepts_all[] =
    "<grammar xmlns='" RNG "'><start><ref name='any'/></start><define name='any'><element>"
    "<anyName/><zeroOrMore><choice><attribute><anyName/></attribute><text/><ref name='any'/>"
    "</choice></zeroOrMore></element></define></grammar>";

static const char accepts_nothing_in_a_domain[] =
    "<element xmlns='" RNG "' name='domain'><empty/></element>";

static void
validate(const char *grammar, const Step *steps)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("virtspm-XXXXXX.rng", &path, NULL);

    close(fd);
    g_assert_true(g_file_set_contents(path, grammar, -1, NULL));
    conversation_set_schema(conversation, path);
    conversation_run(conversation, steps);
    g_unlink(path);
}

static void
test_validation_accepts(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);

    validate(accepts_all, (const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(350, 2, "$ u1", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { LIBVIRTD_GETS, CALL(350, 2, "$ u1", stock) },
        { END },
    });
}

static void
test_validation_rejects(void)
{
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);

    validate(accepts_nothing_in_a_domain, (const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(350, 2, "$ u1", USER_ON(EMULATOR_SPM)) },
        { CLIENT_GETS_ERROR, ERROR_OF(350, 2, SPM_ERROR_XML_INVALID_SCHEMA, "") },
        { CLIENT_SENDS, CALL(10, 3, "$ u16", USER_ON(EMULATOR_SPM)) },
        { CLIENT_GETS_ERROR, ERROR_OF(10, 3, SPM_ERROR_XML_INVALID_SCHEMA, "") },
        /* Unasked, nothing is validated. */
        { CLIENT_SENDS, CALL(350, 4, "$ u0", USER_ON(EMULATOR_SPM)) },
        { LIBVIRTD_GETS, PROBE(OURS(1)) },
        { LIBVIRTD_SENDS, PROBE_YES(OURS(1)) },
        { LIBVIRTD_GETS, CALL(350, 4, "$ u0", stock) },
        /* Of a domain without SPM libvirt itself sees all. */
        { CLIENT_SENDS, CALL(350, 5, "$ u1", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(350, 5, "$ u1", PLAIN_XML) },
        { END },
    });
}

#define ADD(name, func) g_test_add_func("/daemon/lower/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("what-does-not-ask-passes", test_what_does_not_ask_passes);
    ADD("every-call", test_every_call_is_lowered);
    ADD("libvirt-without-memoryless-cells", test_libvirt_without_memoryless_cells);
    ADD("emulator-of-libvirts-choice", test_emulator_of_libvirts_choice);
    ADD("libvirt-names-no-emulator", test_libvirt_does_not_name_an_emulator);
    ADD("errors-of-questions", test_errors_of_questions_reach_the_client);
    ADD("what-cannot-be-built-is-refused", test_what_cannot_be_built_is_refused);
    ADD("slow-emulator", test_a_slow_emulator_keeps_nobody_else_waiting);
    ADD("client-leaves-while-emulator-is-asked", test_the_client_leaves_while_the_emulator_is_asked);
    ADD("xml-that-grows-too-long", test_xml_that_grows_too_long);
    ADD("validation/accepts", test_validation_accepts);
    ADD("validation/rejects", test_validation_rejects);
    return g_test_run();
}
