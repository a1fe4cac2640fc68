/*
 * What has to hold for every domain, tried on random ones
 *
 * Each document is made from a number, the seed. When a property does not hold,
 * the seed and the document are printed; VIRTSPM_SEED=N runs that one alone and
 * VIRTSPM_ITERATIONS=N runs more of them than usual.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "conf/spm_schema.h"
#include "libvirt_style.h"
#include "qemu/qemu_argv.h"
#include "qemu/qemu_domain.h"
#include "random_domain.h"
#include "random_writer.h"
#include "truth.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"
#include "vandal.h"

#define ITERATIONS 500

typedef struct {
    guint32 seed;
    const RandomDomain *domain;
    SpmLoweringContext context;
    const char *lowering;
    char *stock;
} Trial;

static SpmQemuCaps *caps;

static void broken(const Trial *trial, const char *what, const char *detail, const char *xml) G_GNUC_NORETURN;

static void
broken(const Trial *trial, const char *what, const char *detail, const char *xml)
{
    g_error("seed %u, lowering %s: %s: %s\n%s\n--- the user's document\n%s\n--- stock\n%s", trial->seed,
            trial->lowering, what, detail ? detail : "", xml ? xml : "", trial->domain->xml,
            trial->stock ? trial->stock : "");
}

static char *
lower(const Trial *trial, const char *xml, GError **error)
{
    return spm_domain_lower(xml, strlen(xml), &trial->context, error);
}

static char *
raise_xml(const Trial *trial, const char *xml)
{
    g_autoptr(GError) error = NULL;
    char *raised = spm_domain_raise(xml, strlen(xml), &error);

    if (!raised)
        broken(trial, "raising", error->message, xml);
    return raised;
}

static void
assert_same(const Trial *trial, const char *what, const char *actual, const char *expected)
{
    g_autoptr(xmlDoc) a = spm_xml_parse(actual, strlen(actual), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(expected, strlen(expected), NULL);
    g_autofree char *where = NULL;

    if (!a || !b || !spm_xml_equal(a, b, &where))
        broken(trial, what, where, actual);
}

static guint
count_words(const char *text, const char *word)
{
    guint count = 0;

    for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
        count++;
    return count;
}

/* raise(lower(x)) is x, and lower(raise(y)) is y. */
static void
check_round_trip(const Trial *trial)
{
    g_autofree char *raised = raise_xml(trial, trial->stock);
    g_autoptr(GError) error = NULL;
    g_autofree char *again = NULL;

    assert_same(trial, "raise(lower(x))", raised, trial->domain->xml);
    again = lower(trial, raised, &error);
    if (!again)
        broken(trial, "lower(raise(y))", error->message, raised);
    assert_same(trial, "lower(raise(y))", again, trial->stock);
}

/* Every SPM cell became one device, every device is sp-mem, and nothing is left to ask for. */
static void
check_stock(const Trial *trial)
{
    g_autofree char *wrong = truth_of(trial->domain->xml, trial->stock);
    guint spm_cells = count_words(trial->domain->xml, "memmapType=") -
                      count_words(trial->domain->xml, "app:flavor memmapType=") -
                      count_words(trial->domain->xml, "memmapType='normal'") -
                      count_words(trial->domain->xml, "memmapType=\"normal\"");

    if (wrong)
        broken(trial, "the stock XML", wrong, NULL);
    if (spm_domain_asks(trial->stock, strlen(trial->stock), NULL))
        broken(trial, "the stock XML", "still says memmapType", NULL);
    if (spm_domain_holds_sp_mem(trial->stock, strlen(trial->stock)) != (spm_cells > 0))
        broken(trial, "the stock XML", "is misjudged by spm_domain_holds_sp_mem", NULL);
    if (count_words(trial->stock, "sp-mem") != spm_cells)
        broken(trial, "the stock XML", "does not have one sp-mem device a cell", NULL);
}

/* Validating takes longer than all the rest: one document in ten has to do. */
static void
check_schema(const Trial *trial)
{
    g_autoptr(GError) error = NULL;

    if (trial->seed % 10 != 0 || !g_file_test(LIBVIRT_SCHEMA, G_FILE_TEST_EXISTS))
        return;
    if (!spm_schema_validate(trial->domain->xml, strlen(trial->domain->xml), OUR_SCHEMA, &error))
        broken(trial, "the user's document against our grammar", error->message, NULL);
    if (!spm_schema_validate(trial->stock, strlen(trial->stock), LIBVIRT_SCHEMA, &error))
        broken(trial, "the stock XML against libvirt's grammar", error->message, NULL);
}

static void
check_argv(const Trial *trial)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *argv = spm_qemu_memory_argv(trial->domain->xml, strlen(trial->domain->xml),
                                                 &trial->context, &error);

    if (!argv)
        broken(trial, "virt-spm argv --memory", error->message, NULL);
    if (count_words(argv, "\"driver\":\"sp-mem\"") != count_words(trial->stock, "'sp-mem'") +
                                                         count_words(trial->stock, "\"sp-mem\""))
        broken(trial, "virt-spm argv --memory", "does not have one device a cell", argv);
}

/* What libvirt writes in its own way means what the user wrote. */
static void
check_libvirt_style(const Trial *trial)
{
    g_autofree char *shown = libvirt_style(trial->stock);
    g_autofree char *raised = raise_xml(trial, shown);
    g_autofree char *difference = truth_same_meaning(trial->domain->xml, raised);
    g_autofree char *wrong = truth_of(raised, shown);
    g_autofree char *again = NULL;
    g_autofree char *raised_again = NULL;

    if (difference)
        broken(trial, "raised from libvirt's own style, differs in", difference, shown);
    if (wrong)
        broken(trial, "raised from libvirt's own style", wrong, shown);
    again = lower(trial, raised, NULL);
    if (!again)
        broken(trial, "raised from libvirt's own style", "cannot be defined again", raised);
    raised_again = raise_xml(trial, again);
    assert_same(trial, "defined again as it was shown", raised_again, raised);
}

/* Edited behind our back, a document raises to what is there or stays what it is. */
static void
check_vandalised(const Trial *trial, GRand *dice)
{
    g_autofree char *styled = random_chance(dice, 50) ? libvirt_style(trial->stock) : g_strdup(trial->stock);
    g_autofree char *edited = vandalise(styled, dice);
    g_autofree char *raised = raise_xml(trial, edited);
    g_autofree char *wrong = NULL;
    g_autofree char *again = NULL;

    if (g_str_equal(raised, edited))
        return;
    wrong = truth_of(raised, edited);
    if (wrong)
        broken(trial, "edited behind our back, raised to a lie", wrong, edited);
    again = lower(trial, raised, NULL);
    if (again) {
        g_autofree char *raised_again = raise_xml(trial, again);

        assert_same(trial, "edited, and defined again as it was shown", raised_again, raised);
    }
}

static void
try_lowering(guint32 seed, const RandomDomain *domain, gboolean memoryless_cells)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GRand) dice = g_rand_new_with_seed(seed ^ 0x5b0ae3f4);
    Trial trial = {
        .seed = seed,
        .domain = domain,
        .context = { .qemu = caps, .memoryless_cells = memoryless_cells,
                     .nodes_with_cpus = domain->nodes_with_cpus },
        .lowering = memoryless_cells ? "A" : "B",
    };
    gboolean possible = memoryless_cells || domain->lowering_b;

    trial.stock = lower(&trial, domain->xml, &error);
    if ((trial.stock != NULL) != possible)
        broken(&trial, possible ? "refused" : "not refused", error ? error->message : NULL, NULL);
    if (!trial.stock)
        return;
    check_round_trip(&trial);
    check_stock(&trial);
    check_schema(&trial);
    check_argv(&trial);
    check_libvirt_style(&trial);
    for (int i = 0; i < 4; i++)
        check_vandalised(&trial, dice);
    g_free(trial.stock);
}

static guint32
number_from_environment(const char *name, guint32 otherwise)
{
    const char *text = g_getenv(name);

    return text ? (guint32)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void
test_lowering(gconstpointer memoryless_cells)
{
    guint32 first = number_from_environment("VIRTSPM_SEED", 0);
    guint32 count = number_from_environment("VIRTSPM_ITERATIONS", g_getenv("VIRTSPM_SEED") ? 1 : ITERATIONS);

    for (guint32 i = 0; i < count; i++) {
        g_autoptr(RandomDomain) domain = random_domain_new(first + i);

        try_lowering(first + i, domain, GPOINTER_TO_INT(memoryless_cells));
    }
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    caps = spm_qemu_caps_assume("sp-mem", NULL);
    g_test_add_data_func("/property/lowering-a", GINT_TO_POINTER(TRUE), test_lowering);
    g_test_add_data_func("/property/lowering-b", GINT_TO_POINTER(FALSE), test_lowering);
    status = g_test_run();
    spm_qemu_caps_unref(caps);
    return status;
}
