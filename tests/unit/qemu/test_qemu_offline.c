/*
 * Which guests may come to this host with their memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_offline.h"

#include "domains.h"
#include "util/spm_error.h"

#define WHY_NOT "/usr/bin/qemu (QEMU 11.1.2) does not migrate it"
#define NOW 1795575900
#define OTHERS "<domain type='kvm'>\n  <name>other</name>\n</domain>\n"

static char *
received(const char *xml, gboolean migratable)
{
    g_autoptr(GError) error = NULL;
    char *result = spm_domain_receive(xml, strlen(xml), migratable, WHY_NOT, NOW, &error);

    g_assert_no_error(error);
    return result;
}

static char *
marked(const char *xml)
{
    g_autoptr(GError) error = NULL;
    char *result = spm_domain_mark_offline(xml, strlen(xml), NOW, &error);

    g_assert_no_error(error);
    return result;
}

static void
memory_that_stayed_behind_is_not_received(void)
{
    g_autofree char *stock = lowered(USER_DOMAIN, TRUE);
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_domain_receive(stock, strlen(stock), FALSE, WHY_NOT, NOW, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_OPERATION_UNSUPPORTED);
    assert_holds(error->message, "domain 'guest' cannot come here with its memory");
    assert_holds(error->message, WHY_NOT);
}

static void
an_emulator_that_migrates_it_may_bring_it(void)
{
    g_autofree char *stock = lowered(USER_DOMAIN, TRUE);
    g_autofree char *got = received(stock, TRUE);

    g_assert_cmpstr(got, ==, stock);
}

static void
a_guest_without_sp_mem_comes_as_it_is(void)
{
    g_autofree char *got = received(OTHERS, FALSE);

    g_assert_cmpstr(got, ==, OTHERS);
}

static void
what_cannot_be_read_is_not_received(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_domain_receive("<domain>", 8, TRUE, WHY_NOT, NOW, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
}

static void
an_offline_migration_brings_the_definition_alone(void)
{
    for (int a = 0; a < 2; a++) {
        g_autofree char *stock = lowered(USER_DOMAIN, a);
        g_autofree char *mark = marked(stock);
        g_autofree char *twice = marked(mark);
        g_autofree char *got = received(mark, FALSE);

        assert_holds(mark, SPM_MIGRATION_NS);
        g_assert_cmpstr(twice, ==, mark);
        g_assert_cmpstr(got, ==, stock);
    }
}

/* It stayed in the definition of a host without the hook; this migration is another. */
static void
a_mark_that_was_left_does_not_speak_for_a_later_migration(void)
{
    static const struct {
        const char *when;
        gboolean counts;
    } cases[] = {
        { "1795575600", TRUE },  /* five minutes before, */
        { "1795576200", TRUE },  /* or after */
        { "1795575599", FALSE },
        { "1795576201", FALSE },
        { "", FALSE },
        { "yes", FALSE },
        { "-1795575900", FALSE },
        { "18446744073709551615", FALSE },
    };
    g_autofree char *stock = lowered(USER_DOMAIN, TRUE);
    g_autofree char *mark = marked(stock);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *aged = edited(mark, "1795575900", cases[i].when);
        g_autofree char *got =
            spm_domain_receive(aged, strlen(aged), FALSE, WHY_NOT, NOW, NULL);

        g_test_message("%s", cases[i].when);
        g_assert_cmpint(got != NULL, ==, cases[i].counts);
    }
}

static void
a_mark_that_was_left_is_not_shown(void)
{
    g_autofree char *stock = lowered(USER_DOMAIN, TRUE);
    g_autofree char *mark = marked(stock);
    g_autofree char *raised = spm_domain_raise(mark, strlen(mark), NULL);

    g_assert_cmpstr(raised, ==, USER_DOMAIN);
}

static void
only_what_can_hold_spm_cells_is_marked(void)
{
    g_autofree char *got = marked(OTHERS);

    g_assert_cmpstr(got, ==, OTHERS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/offline/memory-that-stayed-behind-is-not-received",
                    memory_that_stayed_behind_is_not_received);
    g_test_add_func("/offline/an-emulator-that-migrates-it-may-bring-it",
                    an_emulator_that_migrates_it_may_bring_it);
    g_test_add_func("/offline/a-guest-without-sp-mem-comes-as-it-is",
                    a_guest_without_sp_mem_comes_as_it_is);
    g_test_add_func("/offline/what-cannot-be-read-is-not-received",
                    what_cannot_be_read_is_not_received);
    g_test_add_func("/offline/an-offline-migration-brings-the-definition-alone",
                    an_offline_migration_brings_the_definition_alone);
    g_test_add_func("/offline/a-mark-that-was-left-does-not-speak-for-a-later-migration",
                    a_mark_that_was_left_does_not_speak_for_a_later_migration);
    g_test_add_func("/offline/a-mark-that-was-left-is-not-shown",
                    a_mark_that_was_left_is_not_shown);
    g_test_add_func("/offline/only-what-can-hold-spm-cells-is-marked",
                    only_what_can_hold_spm_cells_is_marked);
    return g_test_run();
}
