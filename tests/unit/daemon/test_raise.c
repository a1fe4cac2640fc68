/*
 * Domain XML and capabilities on their way to the client
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "documents.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_host_capabilities.h"
#include "util/spm_error.h"

#define CAPABILITIES(path, arch)                                                                   \
    "<domainCapabilities><path>" path "</path><domain>qemu</domain>"                               \
    "<machine>pc-q35-11.1</machine><arch>" arch "</arch></domainCapabilities>"

static char *
raised(const char *stock)
{
    char *xml = spm_domain_raise(stock, strlen(stock), NULL);

    g_assert_cmpstr(xml, !=, stock);
    return xml;
}

static void
test_dumpxml_and_from_native_are_raised(void)
{
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    g_autofree char *user = raised(stock);

    g_assert_nonnull(strstr(user, "memmapType='spm'"));
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(14, 2, "d u3") },
        { LIBVIRTD_GETS, CALL(14, 2, "d u3") },
        { LIBVIRTD_SENDS, REPLY(14, 2, "$", stock) },
        { CLIENT_GETS, REPLY(14, 2, "$", user) },
        { CLIENT_SENDS, CALL(135, 3, "'qemu-argv' 'qemu -m 1' u0") },
        { LIBVIRTD_GETS, CALL(135, 3, "'qemu-argv' 'qemu -m 1' u0") },
        { LIBVIRTD_SENDS, REPLY(135, 3, "$", stock) },
        { CLIENT_GETS, REPLY(135, 3, "$", user) },
        { END },
    });
}

static void
test_stock_documents_pass(void)
{
    conversation_test((const Step[]){
        OPENING,
        { LIBVIRTD_SENDS, REPLY(14, 2, "$", PLAIN_XML) },
        { CLIENT_GETS, REPLY(14, 2, "$", PLAIN_XML) },
        { END },
    });
}

static void
test_images_are_raised(void)
{
    static const guint32 numbers[] = { 235, 388 };
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    g_autofree char *user = raised(stock);

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        conversation_test((const Step[]){
            OPENING,
            { LIBVIRTD_SENDS, REPLY(numbers[i], 2, "$", stock) },
            { CLIENT_GETS, REPLY(numbers[i], 2, "$", user) },
            { LIBVIRTD_SENDS, REPLY(numbers[i], 3, "$", PLAIN_XML) },
            { CLIENT_GETS, REPLY(numbers[i], 3, "$", PLAIN_XML) },
            { END },
        });
    }
}

/* All domains in there are. */
static void
test_snapshots_and_checkpoints_are_raised(void)
{
    static const guint32 numbers[] = { 186, 412 };
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    g_autofree char *snapshot = make_snapshot(stock);
    g_autofree char *user = make_snapshot(USER_ON(EMULATOR_SPM));

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        conversation_test((const Step[]){
            OPENING,
            { LIBVIRTD_SENDS, REPLY(numbers[i], 2, "$", snapshot) },
            { CLIENT_GETS, REPLY(numbers[i], 2, "$", user) },
            { END },
        });
    }
}

/* The client hands these to another host, where nobody may be who understands. */
static void
test_what_goes_to_another_host_stays_stock(void)
{
    static const guint32 numbers[] = { 213, 302 };
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        conversation_test((const Step[]){
            OPENING,
            { LIBVIRTD_SENDS, REPLY(numbers[i], 2, "'' $", stock) },
            { CLIENT_GETS, REPLY(numbers[i], 2, "'' $", stock) },
            { END },
        });
    }
}

/* Raising writes double quotes where the document's first attribute has them, and
 * in such an attribute six bytes for each of its own. */
static void
test_a_reply_that_grows_too_long_is_an_error(void)
{
    g_autofree char *quotes = g_strnfill(1024 * 1024, '"');
    g_autofree char *title = g_strconcat("<metadata><a xmlns='urn:a' b='", quotes, "'/>", NULL);
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    g_auto(GStrv) parts = g_strsplit(stock, "<metadata>", 2);
    g_autofree char *single = g_strjoinv(title, parts);
    g_auto(GStrv) type = g_strsplit(single, "type='qemu'", 2);
    g_autofree char *document = g_strjoinv("type=\"qemu\"", type);

    g_assert_cmpuint(strlen(document), <, SPM_RPC_STRING_MAX);
    conversation_test((const Step[]){
        OPENING,
        { LIBVIRTD_SENDS, REPLY(14, 2, "$", document) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(14, 2, SPM_ERROR_OPERATION_FAILED, "longer than libvirt's protocol allows") },
        /* The connection goes on. */
        { LIBVIRTD_SENDS, REPLY(14, 3, "$", PLAIN_XML) },
        { CLIENT_GETS, REPLY(14, 3, "$", PLAIN_XML) },
        { END },
    });
}

/* A document that looks like ours and is not XML. */
static void
test_what_cannot_be_raised_passes(void)
{
    g_autofree char *stock = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    g_autofree char *cut = g_strndup(stock, strlen(stock) - 3);

    g_assert_true(spm_domain_may_hold(cut, strlen(cut)));
    conversation_test((const Step[]){
        OPENING,
        { LIBVIRTD_SENDS, REPLY(14, 2, "$", cut) },
        { CLIENT_GETS, REPLY(14, 2, "$", cut) },
        { END },
    });
}

static void
test_capabilities_say_what_the_emulator_can_do(void)
{
    static const char with[] = CAPABILITIES(EMULATOR_SPM, "x86_64");
    static const char without[] = CAPABILITIES(EMULATOR_PLAIN, "x86_64");
    static const char missing[] = CAPABILITIES("/emulator/missing", "x86_64");
    static const char other[] = CAPABILITIES(EMULATOR_SPM, "aarch64");
    g_autoptr(SpmQemuCaps) spm = conversation_caps(EMULATOR_SPM);
    g_autoptr(SpmQemuCaps) plain = conversation_caps(EMULATOR_PLAIN);
    g_autofree char *some = spm_domain_capabilities_extend(with, strlen(with), spm, NULL);
    g_autofree char *none = spm_domain_capabilities_extend(without, strlen(without), plain, NULL);
    g_autofree char *unknown = spm_domain_capabilities_extend(missing, strlen(missing), NULL, NULL);
    g_autofree char *never = spm_domain_capabilities_extend(other, strlen(other), NULL, NULL);

    g_assert_nonnull(strstr(some, "<value>spm</value>"));
    g_assert_null(strstr(never, "<value>spm</value>"));
    conversation_test((const Step[]){
        OPENING,
        { LIBVIRTD_SENDS, REPLY(342, 2, "$", with) },
        { CLIENT_GETS, REPLY(342, 2, "$", some) },
        { LIBVIRTD_SENDS, REPLY(342, 3, "$", without) },
        { CLIENT_GETS, REPLY(342, 3, "$", none) },
        { LIBVIRTD_SENDS, REPLY(342, 4, "$", missing) },
        { CLIENT_GETS, REPLY(342, 4, "$", unknown) },
        { LIBVIRTD_SENDS, REPLY(342, 5, "$", other) },
        { CLIENT_GETS, REPLY(342, 5, "$", never) },
        { LIBVIRTD_SENDS, REPLY(342, 6, "$", "nonsense") },
        { CLIENT_GETS, REPLY(342, 6, "$", "nonsense") },
        { LIBVIRTD_SENDS, REPLY(342, 7, "") },
        { CLIENT_GETS, REPLY(342, 7, "") },
        { END },
    });
}

#define HOST_CAPABILITIES(emulator)                                                                \
    "<capabilities>\n  <host>\n    <cpu/>\n  </host>\n  <guest><arch name='x86_64'><emulator>" emulator      \
    "</emulator></arch></guest>\n</capabilities>\n"

static void
test_host_capabilities_ask_nobody(void)
{
    static const char known[] = HOST_CAPABILITIES(EMULATOR_SPM);
    static const char missing[] = HOST_CAPABILITIES("/emulator/missing");
    g_autoptr(SpmQemuCaps) spm = conversation_caps(EMULATOR_SPM);
    g_autofree char *some = spm_host_capabilities_extend(known, strlen(known), NULL, spm, NULL);

    g_assert_nonnull(strstr(some, "<value>spm</value>"));
    conversation_test((const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { LIBVIRTD_SENDS, REPLY(7, 2, "$", known) },
        { CLIENT_GETS, REPLY(7, 2, "$", some) },
        { LIBVIRTD_SENDS, REPLY(7, 3, "$", missing) },
        { CLIENT_GETS, REPLY(7, 3, "$", missing) },
        { LIBVIRTD_SENDS, REPLY(7, 4, "$", "<capa") },
        { CLIENT_GETS, REPLY(7, 4, "$", "<capa") },
        { LIBVIRTD_SENDS, REPLY(7, 5, "") },
        { CLIENT_GETS, REPLY(7, 5, "") },
        { EMULATOR_ANSWERS },
        { END },
    });
}

/* A held reply waits for the emulator; the next ones need not. */
static void
test_replies_overtake_one_that_is_held(void)
{
    static const char with[] = CAPABILITIES(EMULATOR_SPM, "x86_64");
    g_autoptr(SpmQemuCaps) spm = conversation_caps(EMULATOR_SPM);
    g_autofree char *some = spm_domain_capabilities_extend(with, strlen(with), spm, NULL);

    conversation_test((const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { LIBVIRTD_SENDS, REPLY(342, 2, "$", with) },
        { LIBVIRTD_SENDS, REPLY(157, 3, "h1") },
        { CLIENT_GETS, REPLY(157, 3, "h1") },
        { NOBODY_GETS_ANYTHING },
        { EMULATOR_ANSWERS },
        { CLIENT_GETS, REPLY(342, 2, "$", some) },
        { END },
    });
}

#define ADD(name, func) g_test_add_func("/daemon/raise/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("dumpxml-and-from-native", test_dumpxml_and_from_native_are_raised);
    ADD("stock-documents-pass", test_stock_documents_pass);
    ADD("images", test_images_are_raised);
    ADD("snapshots-and-checkpoints", test_snapshots_and_checkpoints_are_raised);
    ADD("to-another-host-stays-stock", test_what_goes_to_another_host_stays_stock);
    ADD("reply-that-grows-too-long", test_a_reply_that_grows_too_long_is_an_error);
    ADD("what-cannot-be-raised-passes", test_what_cannot_be_raised_passes);
    ADD("capabilities", test_capabilities_say_what_the_emulator_can_do);
    ADD("host-capabilities", test_host_capabilities_ask_nobody);
    ADD("replies-overtake-one-that-is-held", test_replies_overtake_one_that_is_held);
    return g_test_run();
}
