/*
 * Talking to an emulator that may be anything
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_monitor.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake_emulator.h"

static const char *const no_arguments[] = { NULL };
static const char *const one_command[] = { "{\"execute\":\"query-version\"}", NULL };

typedef struct {
    GMainLoop *loop;
    GPtrArray *answers;
    GError *error;
} Talk;

static void
on_answered(GObject *source, GAsyncResult *result, gpointer data)
{
    Talk *talk = data;

    talk->answers = spm_monitor_ask_finish(result, &talk->error);
    g_main_loop_quit(talk->loop);
}

static GPtrArray *
ask_with(const char *binary, const char *const *arguments, const char *const *commands,
         guint seconds, GCancellable *cancellable, GError **error)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Talk talk = { .loop = loop };

    spm_monitor_ask_async(binary, arguments, commands, seconds, cancellable, on_answered, &talk);
    g_main_loop_run(loop);
    g_assert_true((talk.answers == NULL) != (talk.error == NULL));
    if (talk.error)
        g_propagate_error(error, talk.error);
    return talk.answers;
}

static GPtrArray *
ask(const Fake *fake, GError **error)
{
    return ask_with(fake->binary, no_arguments, one_command, 0, NULL, error);
}

/* What an emulator of this script does, asked one question, makes us say. */
static void
assert_script_fails(const char *script, const char *words)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;

    fake_make(&fake, script);
    g_assert_null(ask(&fake, &error));
    g_assert_nonnull(strstr(error->message, fake.binary));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, words);
}

static void
answers_come_in_the_order_of_the_questions(void)
{
    static const char *const commands[] = { "{\"execute\":\"one\"}", "{\"execute\":\"two\"}",
                                            "{\"execute\":\"three\"}", NULL };
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) answers = NULL;

    fake_make(&fake, FAKE_GREETING FAKE_ANSWERS(FAKE_ANSWER("*one*", "{\"return\":1}")
                                                FAKE_ANSWER("*three*", "{\"return\":3}")));
    answers = ask_with(fake.binary, no_arguments, commands, 0, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(answers->len, ==, 3);
    g_assert_cmpint(json_object_get_int_member(answers->pdata[0], "return"), ==, 1);
    g_assert_true(json_object_has_member(answers->pdata[1], "error"));
    g_assert_cmpint(json_object_get_int_member(answers->pdata[2], "return"), ==, 3);
}

static void
the_emulator_starts_without_guest_configuration_and_display(void)
{
    static const char *const arguments[] = { "-machine", "none", NULL };
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) answers = NULL;
    g_autofree char *log = NULL;

    fake_make(&fake, "echo \"$*\" >\"${0%/*}/log\"\n"
                     "pwd >>\"${0%/*}/log\"\nenv | sort >>\"${0%/*}/log\"\n"
                     FAKE_GREETING FAKE_ANSWERS(""));
    answers = ask_with(fake.binary, arguments, one_command, 0, NULL, &error);
    g_assert_no_error(error);
    log = fake_read_log(&fake);
    g_assert_true(g_str_has_prefix(
        log, "-S -no-user-config -nodefaults -display none -qmp stdio -machine none\n/\n"));
    assert_holds(log, "LC_ALL=C\n");
    assert_lacks(log, "SECRET");
}

static void
the_emulator_runs_without_privileges(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) answers = NULL;
    g_autofree char *log = NULL;
    g_autofree char *expected = NULL;
    const struct passwd *nobody = getpwnam("nobody");

    fake_make(&fake, "{ id -u; id -ru; id -g; id -G; } >\"${0%/*}/log\"\n" FAKE_GREETING FAKE_ANSWERS(""));
    answers = ask(&fake, &error);
    g_assert_no_error(error);
    log = fake_read_log(&fake);
    if (geteuid() == 0) {
        g_assert_nonnull(nobody);
        expected = g_strdup_printf("%u\n%u\n%u\n%u\n", nobody->pw_uid, nobody->pw_uid,
                                   nobody->pw_gid, nobody->pw_gid);
        g_assert_cmpstr(log, ==, expected);
    } else {
        expected = g_strdup_printf("%u\n%u\n", geteuid(), geteuid());
        g_assert_true(g_str_has_prefix(log, expected));
    }
}

static void
events_between_answers_are_passed_over(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) answers = NULL;

    fake_make(&fake, FAKE_GREETING "echo '{\"event\":\"NICE_DAY\",\"data\":{}}'\n"
              FAKE_ANSWERS(FAKE_ANSWER("*query-version*", "{\"event\":\"STOP\"}\n{\"return\":7}")));
    answers = ask(&fake, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(answers->len, ==, 1);
    g_assert_cmpint(json_object_get_int_member(answers->pdata[0], "return"), ==, 7);
}

static void
an_answer_in_small_pieces_is_one_answer(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) answers = NULL;

    /* printf without stdio buffering between commands: a write each. */
    fake_make(&fake, "printf '{\"QMP\"'; printf ':{'; printf '}}\\n{\"ret'; printf 'urn\":{}}'; "
                     "printf '\\n{\"return\":'; printf '\"a\\\\\"[{b\"'; printf '}\\n'; exec cat >/dev/null\n");
    answers = ask(&fake, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_object_get_string_member(answers->pdata[0], "return"), ==, "a\"[{b");
}

static void
a_missing_emulator(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(ask_with("/nonexistent/qemu", no_arguments, one_command, 0, NULL, &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "the emulator /nonexistent/qemu cannot be run");
}

static void
an_emulator_that_is_not_executable(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;

    fake_make(&fake, "");
    g_chmod(fake.binary, 0644);
    g_assert_null(ask(&fake, &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "cannot be run");
}

static void
an_emulator_of_no_format(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;

    fake_make(&fake, "");
    g_assert_true(g_file_set_contents(fake.binary, "\x7f" "ELF, or so", -1, NULL));
    g_chmod(fake.binary, 0755);
    g_assert_null(ask(&fake, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
}

static void
an_emulator_that_ends_early(void)
{
    assert_script_fails("exit 0\n", "ended before it answered over QMP");
    assert_script_fails("kill -SEGV $$\n", "ended before it answered over QMP");
    assert_script_fails(FAKE_GREETING "exit 1\n", "ended before it answered over QMP");
    assert_script_fails(FAKE_GREETING "echo '{\"return\":{}}'\nexit 1\n",
                        "ended before it answered over QMP");
    /* Half an answer is none. */
    assert_script_fails(FAKE_GREETING "printf '{\"return\":{}}\\n{\"return\":1}'\nexit 0\n",
                        "ended before it answered over QMP");
}

static void
an_emulator_that_reads_nothing_ends_nothing(void)
{
    /* More than a pipe holds, to an emulator that closed its end: the writer
     * gets SIGPIPE unless somebody took care. */
    g_autofree char *long_word = g_strnfill(1024 * 1024, 'x');
    const char *const commands[] = { long_word, NULL };
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;

    fake_make(&fake, "exec <&-\n" FAKE_GREETING "exit 0\n");
    g_assert_null(ask_with(fake.binary, no_arguments, commands, 0, NULL, &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "ended before it answered over QMP");
}

static void
an_emulator_that_talks_something_else(void)
{
    static const char *const greetings[] = {
        "hello", "", "42", "null", "[]", "\"QMP\"", "{}", "{\"return\":{}}", "{\"QMP\":{}", "{\"QMP\":{}}}",
        "{\"QMP\":\\377}", "// QMP", "{\"QMP\":1\\0000}", "{\"QMP\":/* \" */{}}", "{'QMP':{}}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(greetings); i++) {
        g_autofree char *quoted = g_shell_quote(greetings[i]);
        g_autofree char *script = g_strdup_printf("printf '%%b\\n' %s\nexec cat >/dev/null\n", quoted);

        assert_script_fails(script, "does not talk QMP");
    }
}

static void
an_emulator_that_refuses_to_begin(void)
{
    assert_script_fails(FAKE_GREETING "echo '{\"error\":{}}'\nexec cat >/dev/null\n", "does not talk QMP");
    assert_script_fails(FAKE_GREETING "echo '{\"return\":{}}'\necho '{}'\nexec cat >/dev/null\n",
                        "does not talk QMP");
}

static void
an_emulator_without_end_of_line(void)
{
    assert_script_fails("exec tr '\\0' x </dev/zero\n", "says more than any QEMU would");
    assert_script_fails(FAKE_GREETING "exec tr '\\0' '\\n' </dev/zero\n", "does not talk QMP");
    /* Long events, so that it is their sum that is too much. */
    assert_script_fails(FAKE_GREETING "exec yes \"$(printf '{\"event\":\"%0100000d\"}' 0)\"\n",
                        "says more than any QEMU would");
}

static void
an_emulator_that_nests_without_end(void)
{
    /* A parser that calls itself for each level would use up its stack. */
    assert_script_fails("head -c 8000000 /dev/zero | tr '\\0' '['\necho\nexec cat >/dev/null\n",
                        "does not talk QMP");
    assert_script_fails(FAKE_GREETING "printf '{\"return\":'\nyes '{\"a\":' | head -c 8000000 | tr -d '\\n'\n"
                                      "echo\nexec cat >/dev/null\n",
                        "does not talk QMP");
    /* Brackets in strings do not close anything. */
    assert_script_fails("yes '[\"]]]]\",' | head -c 8000000 | tr -d '\\n'\necho\nexec cat >/dev/null\n",
                        "does not talk QMP");
}

/* Returns when the process is gone. */
static void
await_end(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    if (fd < 0) {
        g_assert_cmpint(errno, ==, ESRCH);
        return;
    }
    g_assert_cmpint(poll(&wait, 1, 60 * 1000), ==, 1);
    close(fd);
}

static void
an_emulator_that_hangs_is_ended(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *log = NULL;
    gint64 start = g_get_monotonic_time();

    fake_make(&fake, "echo $$ >\"${0%/*}/log\"\ntrap '' TERM HUP INT\n" FAKE_GREETING "exec tail -f /dev/null\n");
    g_assert_null(ask_with(fake.binary, no_arguments, one_command, 1, NULL, &error));
    g_assert_cmpint(g_get_monotonic_time() - start, >=, G_USEC_PER_SEC);
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "did not answer over QMP within 1 seconds");
    log = fake_read_log(&fake);
    await_end((pid_t)atoi(log));
}

static void
an_emulator_that_answered_is_ended(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) answers = NULL;
    g_autofree char *log = NULL;

    fake_make(&fake, "echo $$ >\"${0%/*}/log\"\n" FAKE_GREETING
                     "echo '{\"return\":{}}'\necho '{\"return\":{}}'\nexec tail -f /dev/null\n");
    answers = ask(&fake, &error);
    g_assert_no_error(error);
    log = fake_read_log(&fake);
    await_end((pid_t)atoi(log));
}

static gboolean
cancel(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_REMOVE;
}

static void
a_caller_may_give_up(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;

    fake_make(&fake, FAKE_GREETING "exec tail -f /dev/null\n");
    g_idle_add(cancel, cancellable);
    g_assert_null(ask_with(fake.binary, no_arguments, one_command, 0, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_clear_error(&error);
    /* Before it began, too. */
    g_assert_null(ask_with(fake.binary, no_arguments, one_command, 0, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
    g_setenv("SECRET", "of-the-daemon", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_monitor/answers-come-in-the-order-of-the-questions",
                    answers_come_in_the_order_of_the_questions);
    g_test_add_func("/qemu_monitor/the-emulator-starts-without-guest-configuration-and-display",
                    the_emulator_starts_without_guest_configuration_and_display);
    g_test_add_func("/qemu_monitor/the-emulator-runs-without-privileges",
                    the_emulator_runs_without_privileges);
    g_test_add_func("/qemu_monitor/events-between-answers-are-passed-over",
                    events_between_answers_are_passed_over);
    g_test_add_func("/qemu_monitor/an-answer-in-small-pieces-is-one-answer",
                    an_answer_in_small_pieces_is_one_answer);
    g_test_add_func("/qemu_monitor/a-missing-emulator", a_missing_emulator);
    g_test_add_func("/qemu_monitor/an-emulator-that-is-not-executable",
                    an_emulator_that_is_not_executable);
    g_test_add_func("/qemu_monitor/an-emulator-of-no-format", an_emulator_of_no_format);
    g_test_add_func("/qemu_monitor/an-emulator-that-ends-early", an_emulator_that_ends_early);
    g_test_add_func("/qemu_monitor/an-emulator-that-reads-nothing-ends-nothing",
                    an_emulator_that_reads_nothing_ends_nothing);
    g_test_add_func("/qemu_monitor/an-emulator-that-talks-something-else",
                    an_emulator_that_talks_something_else);
    g_test_add_func("/qemu_monitor/an-emulator-that-refuses-to-begin",
                    an_emulator_that_refuses_to_begin);
    g_test_add_func("/qemu_monitor/an-emulator-without-end-of-line", an_emulator_without_end_of_line);
    g_test_add_func("/qemu_monitor/an-emulator-that-nests-without-end",
                    an_emulator_that_nests_without_end);
    g_test_add_func("/qemu_monitor/an-emulator-that-hangs-is-ended", an_emulator_that_hangs_is_ended);
    g_test_add_func("/qemu_monitor/an-emulator-that-answered-is-ended",
                    an_emulator_that_answered_is_ended);
    g_test_add_func("/qemu_monitor/a-caller-may-give-up", a_caller_may_give_up);
    return g_test_run();
}
