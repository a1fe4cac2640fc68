/*
 * What is refused so that an SPM cell keeps its memory: a size, a device
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "domains.h"
#include "util/spm_error.h"

/* ---- ballooning ---- */

/* The document has 256 MiB in an SPM cell and 256 MiB besides. */
static void
test_setmem_counts_what_the_balloon_counts(void)
{
    static const struct {
        guint32 number;
        const char *payload;
        gboolean refused;
    } cases[] = {
        { 31, "d h262143", TRUE },      { 31, "d h262144", FALSE },
        { 31, "d h524288", FALSE },     { 204, "d h262143 u0", TRUE },
        { 204, "d h262143 u1", TRUE },  { 204, "d h0 u1", TRUE },
        { 204, "d h262144 u1", FALSE },
    };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Conversation) conversation = conversation_new(FALSE);

        g_test_message("case %u", i);
        conversation_run(conversation, (const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(cases[i].number, 2, cases[i].payload) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { END },
        });
        if (cases[i].refused)
            conversation_run(conversation, (const Step[]){
                { CLIENT_GETS_ERROR, ERROR_OF(cases[i].number, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                                              "use at least 262144 KiB") },
                { NOBODY_GETS_ANYTHING },
                { END },
            });
        else
            conversation_run(conversation, (const Step[]){
                { LIBVIRTD_GETS, CALL(cases[i].number, 2, cases[i].payload) }, { END } });
    }
}

static void
test_setmem_of_the_definition(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(204, 2, "d h1024 u3") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", documents.stopped) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(204, 2, SPM_ERROR_OPERATION_UNSUPPORTED, "its SPM cells have 262144 KiB") },
        { CLIENT_SENDS, CALL(204, 3, "d h1024 u3") },
        { LIBVIRTD_GETS, CALL(14, OURS(3), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(3), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(4), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(4), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(204, 3, "d h1024 u3") },
        /* The maximum is libvirtd's business. */
        { CLIENT_SENDS, CALL(204, 4, "d h1024 u6") },
        { LIBVIRTD_GETS, CALL(204, 4, "d h1024 u6") },
        { END },
    });
}

/* ---- devices ---- */

#define DISK "<disk type='file' device='disk'><target dev='vdb'/></disk>"
#define SPM_MEMORY \
    "<memory model='dimm'><target><size unit='MiB'>256</size><node>1</node></target>" \
    "<alias name='ua-virtspm-cell1'/></memory>"
#define DIMM(node) \
    "<memory model='dimm'><target><size unit='MiB'>128</size><node>" node \
    "</node></target></memory>"

#define VIRTIO_MEM(node) \
    "<memory model='virtio-mem'><target><size unit='MiB'>128</size><node>" node \
    "</node><block unit='MiB'>2</block><requested unit='MiB'>64</requested></target></memory>"

static void
test_other_devices_pass(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(8, 2, "d $", DISK) },
        { LIBVIRTD_GETS, CALL(8, 2, "d $", DISK) },
        { CLIENT_SENDS, CALL(160, 3, "d $ u3", DISK) },
        { LIBVIRTD_GETS, CALL(160, 3, "d $ u3", DISK) },
        { CLIENT_SENDS, CALL(13, 4, "d $", DISK) },
        { LIBVIRTD_GETS, CALL(13, 4, "d $", DISK) },
        { CLIENT_SENDS, CALL(161, 5, "d $ u3", DISK) },
        { LIBVIRTD_GETS, CALL(161, 5, "d $ u3", DISK) },
        { CLIENT_SENDS, CALL(174, 6, "d $ u3", DISK) },
        { LIBVIRTD_GETS, CALL(174, 6, "d $ u3", DISK) },
        { CLIENT_SENDS, CALL(392, 7, "d 'ua-disk1' u3") },
        { LIBVIRTD_GETS, CALL(392, 7, "d 'ua-disk1' u3") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_memory_of_an_spm_cell_stays(void)
{
    static const struct {
        guint32 number;
        const char *payload, *device, *words;
    } cases[] = {
        { 13, "d $", SPM_MEMORY, "cannot detach memory of domain 'guest': it belongs to SPM cell 1" },
        { 161, "d $ u1", SPM_MEMORY, "cannot detach" },
        { 174, "d $ u1", SPM_MEMORY, "cannot update" },
        { 392, "d $ u1", "ua-virtspm-cell1", "cannot detach" },
        { 8, "d $", DIMM("1"), "cannot attach" },
        { 160, "d $ u1", DIMM("1"), "cannot attach" },
        /* By the alias alone; by the node, whatever it is said to be. */
        { 13, "d $", "<memory model='dimm'><alias name='ua-virtspm-cell1'/></memory>", "cannot detach" },
        { 161, "d $ u1", DIMM("1"), "cannot detach" },
        { 174, "d $ u1", DIMM("1"), "cannot update" },
        { 160, "d $ u1", VIRTIO_MEM("1"), "cannot attach" },
        { 174, "d $ u1", VIRTIO_MEM("1"), "cannot update" },
        { 161, "d $ u1", VIRTIO_MEM("1"), "cannot detach" },
        { 160, "d $ u1", "<memory model='nvdimm'><target><node> 1 </node></target></memory>",
          "cannot attach" },
    };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("procedure %u", cases[i].number);
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(cases[i].number, 2, cases[i].payload, cases[i].device) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { CLIENT_GETS_ERROR, ERROR_OF(cases[i].number, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                                          cases[i].words) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
}

static void
test_memory_elsewhere_may_change(void)
{
    static const struct {
        guint32 number;
        const char *payload, *device;
    } cases[] = {
        { 161, "d $ u1", DIMM("0") },
        { 174, "d $ u1", DIMM("0") },
        { 8, "d $", DIMM("0") },
        { 160, "d $ u1", DIMM("7") },
        { 160, "d $ u1", VIRTIO_MEM("0") },
        { 174, "d $ u1", VIRTIO_MEM("0") },
        { 160, "d $ u1", "<memory model='dimm'/>" },
    };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("procedure %u", cases[i].number);
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(cases[i].number, 2, cases[i].payload, cases[i].device) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { LIBVIRTD_GETS, CALL(cases[i].number, 2, cases[i].payload, cases[i].device) },
            { END },
        });
    }
}

/* libvirt reads a DTD, and virtspmd does not: what it cannot judge is refused in a
 * domain with SPM cells, and is libvirt's business in others. */
static void
test_devices_that_cannot_be_judged(void)
{
    static const char dtd[] = "<!DOCTYPE memory []>" SPM_MEMORY;
    static const guint32 numbers[] = { 160, 161, 174 };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(numbers[i], 2, "d $ u1", dtd) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { CLIENT_GETS_ERROR, ERROR_OF(numbers[i], 2, SPM_ERROR_XML_DETAIL, "") },
            { CLIENT_SENDS, CALL(numbers[i], 3, "d $ u1", dtd) },
            { LIBVIRTD_GETS, CALL(14, OURS(2), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", PLAIN_XML) },
            { LIBVIRTD_GETS, CALL(numbers[i], 3, "d $ u1", dtd) },
            { END },
        });
    }
}

/* In a domain without SPM cells the alias is one like any other. */
static void
test_the_alias_alone_decides_nothing(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(392, 2, "d 'ua-virtspm-cell1' u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(392, 2, "d 'ua-virtspm-cell1' u0") },
        { END },
    });
}

/* A change of the definition is judged by the definition. */
static void
test_running_and_defined_are_both_looked_at(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(161, 2, "d $ u3", SPM_MEMORY) },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", documents.stopped) },
        { CLIENT_GETS_ERROR, ERROR_OF(161, 2, SPM_ERROR_OPERATION_UNSUPPORTED, "SPM cell 1") },
        { CLIENT_SENDS, CALL(161, 3, "d $ u3", SPM_MEMORY) },
        { LIBVIRTD_GETS, CALL(14, OURS(3), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(3), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(4), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(4), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(161, 3, "d $ u3", SPM_MEMORY) },
        { END },
    });
}

static void
test_reserved_aliases_are_not_given_away(void)
{
    static const char disk[] =
        "<disk type='file'><target dev='vdb'/><alias name='ua-virtspm-cell9'/></disk>";

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(160, 2, "d $ u0", disk) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(160, 2, SPM_ERROR_CONFIG_UNSUPPORTED, "'ua-virtspm-cell9' is reserved") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

#define ADD(name, func) g_test_add_func("/daemon/device/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("balloon/running", test_setmem_counts_what_the_balloon_counts);
    ADD("balloon/definition", test_setmem_of_the_definition);
    ADD("device/others-pass", test_other_devices_pass);
    ADD("device/stays", test_memory_of_an_spm_cell_stays);
    ADD("device/memory-elsewhere", test_memory_elsewhere_may_change);
    ADD("device/cannot-be-judged", test_devices_that_cannot_be_judged);
    ADD("device/alias-alone", test_the_alias_alone_decides_nothing);
    ADD("device/running-and-defined", test_running_and_defined_are_both_looked_at);
    ADD("device/reserved-aliases", test_reserved_aliases_are_not_given_away);
    return g_test_run();
}
