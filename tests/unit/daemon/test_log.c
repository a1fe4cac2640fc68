/*
 * The log: lines as libvirt's, whole, harmless and not too many; and what is in it
 * about refusals
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/log.h"

#include "conversation.h"
#include "daemon/access/audit.h"
#include "documents.h"
#include "unit.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static char *dir, *path;

/* What has been logged since the last time. */
static char *
logged(void)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpint(truncate(path, 0), ==, 0);
    return text;
}

static void
log_to_file(SpmLogLevel level)
{
    g_autofree char *output = g_strconcat("file:", path, NULL);
    g_autofree char *nothing = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(spm_log_configure(level, output, &error));
    g_assert_no_error(error);
    nothing = logged();
}

static void
test_a_line_is_libvirts(void)
{
    g_autofree char *text = NULL;

    log_to_file(SPM_LOG_WARNING);
    g_message("the words");
    text = logged();
    g_assert_true(g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\+0000: "
                                       "\\d+: warning : the words\n$",
                                       text, 0, 0));
}

static void
test_levels(void)
{
    static const struct {
        SpmLogLevel level;
        const char *wanted;
    } cases[] = {
        { SPM_LOG_DEBUG, "debug info warning " },
        { SPM_LOG_INFO, "info warning " },
        { SPM_LOG_WARNING, "warning " },
        { SPM_LOG_ERROR, "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        g_autoptr(GString) levels = g_string_new(NULL);

        log_to_file(cases[i].level);
        g_debug("d");
        g_info("i");
        g_message("m");
        text = logged();
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line && **line; line++) {
            g_auto(GStrv) words = g_strsplit(*line, " ", -1);

            g_string_append_printf(levels, "%s ", words[3]);
        }
        g_assert_cmpstr(levels->str, ==, cases[i].wanted);
    }
}

static void
test_words_for_levels_and_outputs(void)
{
    SpmLogLevel level;

    g_assert_true(spm_log_parse_level("1", &level) && level == SPM_LOG_DEBUG);
    g_assert_true(spm_log_parse_level("4", &level) && level == SPM_LOG_ERROR);
    g_assert_true(spm_log_parse_level("info", &level) && level == SPM_LOG_INFO);
    for (const char *const *bad = (const char *const[]){ "", "0", "5", "11", "Info", "warn", NULL };
         *bad; bad++)
        g_assert_false(spm_log_parse_level(*bad, &level));
    for (const char *const *good = (const char *const[]){ "stderr", "journald", "file:/a", NULL };
         *good; good++)
        g_assert_true(spm_log_is_output(*good));
    for (const char *const *bad =
             (const char *const[]){ "", "syslog", "file:", "file:a", "/a", NULL };
         *bad; bad++)
        g_assert_false(spm_log_is_output(*bad));
}

/* A client chooses some of the words. It gets no line, colour or direction of its own. */
static void
test_escapes(void)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        { "plain, ünï", "plain, ünï" },
        { "a\nb\r\t\x1b[31m\x7f", "a\\x0ab\\x0d\\x09\\x1b[31m\\x7f" },
        { "\xff\xc3", "\\xff\\xc3" },
        { "\xc2\x9b\xe2\x80\xae", "\\xc2\\x9b\\xe2\\x80\\xae" },
    };
    g_autofree char *endless = g_strnfill(1024 * 1024, '\n');
    g_autofree char *cut = spm_log_escape(endless);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *escaped = spm_log_escape(cases[i].text);

        g_assert_cmpstr(escaped, ==, cases[i].wanted);
    }
    g_assert_cmpuint(strlen(cut), <, SPM_LOG_LINE_MAX - 100);
    g_assert_true(g_str_has_suffix(cut, "..."));
}

static void
test_a_rate_has_a_bound_and_counts_the_rest(void)
{
    SpmRate rate = { .most = 3 };
    gint64 now = 5 * G_USEC_PER_SEC;
    guint64 left_out;

    for (guint i = 0; i < 3; i++)
        g_assert_true(spm_rate_allows(&rate, now + i, &left_out));
    g_assert_false(spm_rate_allows(&rate, now + 4, &left_out));
    g_assert_false(spm_rate_allows(&rate, now + G_USEC_PER_SEC - 1, &left_out));
    g_assert_true(spm_rate_allows(&rate, now + G_USEC_PER_SEC, &left_out));
    g_assert_cmpuint(left_out, ==, 2);
    g_assert_true(spm_rate_allows(&rate, now + G_USEC_PER_SEC, &left_out));
    g_assert_cmpuint(left_out, ==, 0);
}

/* Nobody reads standard error: virtspmd goes on, and says later what was lost. */
static void
test_a_reader_that_does_not_read_holds_nothing_up(void)
{
    int ends[2], saved = dup(STDERR_FILENO);
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[65536];

    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETPIPE_SZ, 65536), >, 0); /* for any size of pages */
    g_assert_cmpint(dup2(ends[1], STDERR_FILENO), ==, STDERR_FILENO);
    g_assert_true(spm_log_configure(SPM_LOG_ERROR, "stderr", NULL));
    /* Errors have no bound, as they are not a client's doing. */
    for (guint i = 0; i < 2000; i++)
        g_log_structured("virtspm", G_LOG_LEVEL_CRITICAL, "MESSAGE", "%s", "words and more words");
    g_assert_cmpint(read(ends[0], buffer, sizeof buffer), >, 0);
    g_log_structured("virtspm", G_LOG_LEVEL_CRITICAL, "MESSAGE", "%s", "the end");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;)
        g_string_append_len(text, buffer, size);
    close(ends[0]);
    assert_holds(text->str, "lines were lost here");
    g_assert_true(g_str_has_suffix(text->str, "error : the end\n"));
}

static void
test_a_file_that_cannot_be_opened(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    log_to_file(SPM_LOG_WARNING);
    g_assert_false(spm_log_configure(SPM_LOG_DEBUG, "file:/nonexistent/log", &error));
    assert_refused(&error, SPM_ERROR_SYSTEM, "/nonexistent/log: No such file");
    g_message("as before");
    text = logged();
    assert_holds(text, "as before");
}

/* ---- refusals ---- */

#define WHO "user alice (uid 1234), process 4242"

static void
test_a_refused_call_says_who_what_and_why(void)
{
    g_autofree char *text = NULL;

    log_to_file(SPM_LOG_WARNING);
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(14, 1, "d u0") },
        { CLIENT_GETS_ERROR, ERROR_OF(14, 1, SPM_ERROR_INTERNAL, "not open") },
        OPENING,
        { CLIENT_SENDS, CALL(419, 2, "identity") },
        { CLIENT_GETS_ERROR, ERROR_OF(419, 2, SPM_ERROR_OPERATION_DENIED, "only root") },
        { CLIENT_SENDS, CALL(11, 3, "$", USER_ON(EMULATOR_PLAIN)) },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 3, SPM_ERROR_CONFIG_UNSUPPORTED, "") },
        { END },
    });
    text = logged();
    assert_holds(text, "warning : refused DOMAIN_GET_XML_DESC to " WHO
                       ": internal error: hypervisor connection not open\n");
    assert_holds(text, "refused CONNECT_SET_IDENTITY to " WHO ": operation forbidden: only root");
    assert_holds(text, "refused DOMAIN_DEFINE_XML of domain 'guest' to " WHO ": ");
}

static void
test_refusals_to_one_client_are_bounded(void)
{
    g_autoptr(Conversation) conversation = conversation_new(FALSE);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    log_to_file(SPM_LOG_WARNING);
    for (guint i = 0; i < 10 * SPM_AUDIT_RATE; i++) {
        const Step steps[] = {
            { CLIENT_SENDS, CALL(14, i, "d u0") },
            { CLIENT_GETS_ERROR, ERROR_OF(14, i, SPM_ERROR_INTERNAL, "not open") },
            { END },
        };

        conversation_run(conversation, steps);
    }
    text = logged();
    lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), >=, SPM_AUDIT_RATE);
    g_assert_cmpuint(g_strv_length(lines), <, 10 * SPM_AUDIT_RATE);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    spm_log_begin();
    dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    path = g_build_filename(dir, "log", NULL);
    g_test_add_func("/daemon/log/line", test_a_line_is_libvirts);
    g_test_add_func("/daemon/log/levels", test_levels);
    g_test_add_func("/daemon/log/words", test_words_for_levels_and_outputs);
    g_test_add_func("/daemon/log/escapes", test_escapes);
    g_test_add_func("/daemon/log/rate", test_a_rate_has_a_bound_and_counts_the_rest);
    g_test_add_func("/daemon/log/slow-reader", test_a_reader_that_does_not_read_holds_nothing_up);
    g_test_add_func("/daemon/log/no-file", test_a_file_that_cannot_be_opened);
    g_test_add_func("/daemon/log/refused-call", test_a_refused_call_says_who_what_and_why);
    g_test_add_func("/daemon/log/refusals-bounded", test_refusals_to_one_client_are_bounded);
    status = g_test_run();
    spm_log_configure(SPM_LOG_ERROR, "stderr", NULL);
    g_unlink(path);
    g_rmdir(dir);
    g_free(path);
    g_free(dir);
    return status;
}
