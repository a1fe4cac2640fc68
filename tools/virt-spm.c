/*
 * virt-spm: virtspm's translation of domain XML on the command line
 *
 *     virt-spm lower FILE        a domain with memmapType becomes stock libvirt XML
 *     virt-spm raise FILE        and back
 *     virt-spm validate FILE     against the schema, and whether it can be built here
 *     virt-spm argv FILE         what QEMU gets
 *     virt-spm plan FILE         where its SPM cells would go on this host
 *     virt-spm status            what the SPM cells of all domains use
 *     virt-spm receive FILE      for libvirt's hook: may this guest come here with its memory?
 *
 * Exit status: 0 done, 1 the document or this host is at fault, 2 wrong usage
 * or an unreadable file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "conf/spm_schema.h"
#include "host/host_nodes.h"
#include "qemu/qemu_argv.h"
#include "qemu/qemu_caps_store.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_offline.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"
#include "virt-spm-libvirt.h"
#include "virt-spm-place.h"

enum { EXIT_FAULT = 1, EXIT_USAGE = 2 };

#define DEFAULT_EMULATOR "/usr/bin/qemu-system-x86_64"

static char *option_connect;
static char *option_emulator;
static char *option_assume;
static char *option_libvirt;
static char *option_schema;
static char *option_sysroot;
static char *option_config;
static gboolean option_json;
static gboolean option_place;
static gboolean option_memory;
static gboolean option_version;

static const GOptionEntry options[] = {
    { "connect", 'c', 0, G_OPTION_ARG_STRING, &option_connect, "libvirt to ask (default: none for 'lower', " SPM_LIBVIRT_DEFAULT_URI " for 'argv')", "URI" },
    { "emulator", 'e', 0, G_OPTION_ARG_FILENAME, &option_emulator, "Emulator to ask, instead of the domain's own", "PATH" },
    { "assume", 'a', 0, G_OPTION_ARG_STRING, &option_assume, "Ask no emulator: take it to have these features, like 'sp-mem'", "LIST" },
    { "libvirt", 'l', 0, G_OPTION_ARG_STRING, &option_libvirt, "Ask no libvirt: take it to build memory-less cells (A) or not (B)", "A|B" },
    { "schema", 0, 0, G_OPTION_ARG_FILENAME, &option_schema, "RELAX NG grammar for 'validate'", "FILE" },
    { "sysroot", 0, 0, G_OPTION_ARG_FILENAME, &option_sysroot, "Read the host below this folder", "DIR" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &option_config, "'plan', 'status', --place: configuration (" SPM_CONFIG_FILE ")", "FILE" },
    { "place", 'p', 0, G_OPTION_ARG_NONE, &option_place, "'lower', 'argv': put the cells where virtspmd would put them on this host", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &option_json, "'plan', 'status': print JSON", NULL },
    { "memory", 'm', 0, G_OPTION_ARG_NONE, &option_memory, "'argv': only the memory and NUMA part, without asking libvirt", NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, &option_version, "Print the version", NULL },
    { NULL }
};

static const char summary[] =
    "Commands:\n"
    "  lower FILE      print the stock libvirt XML of a domain with memmapType\n"
    "  raise FILE      print the domain with memmapType of stock libvirt XML\n"
    "  validate FILE   check a domain against the schema, and that it can be built here\n"
    "  argv FILE       print the QEMU command line; with --memory its memory part\n"
    "  plan FILE       print where the domain's SPM cells would go on this host\n"
    "  status          print what the SPM cells of all domains use, node by node\n"
    "  receive FILE    for libvirt's hook: print the XML to receive a guest with its memory\n"
    "\n"
    "FILE may be - for standard input.";

typedef struct {
    const char *file;    /* as given; for messages */
    char *xml;
    gsize length;
} Input;

static void
complain(const Input *input, const GError *error)
{
    g_autofree char *text = spm_error_text(error);
    int line = spm_error_line(error);

    if (line > 0)
        g_printerr("%s:%d: error: %s\n", input->file, line, text);
    else
        g_printerr("%s: error: %s\n", input->file, text);
}

static gboolean
read_all(int fd, Input *input)
{
    input->xml = g_malloc(SPM_XML_MAX + 2);
    while (input->length <= SPM_XML_MAX) {
        struct pollfd more = { .fd = fd, .events = POLLIN };
        gssize got = read(fd, input->xml + input->length, SPM_XML_MAX + 1 - input->length);

        if (got == 0)
            break;
        if (got > 0)
            input->length += (gsize)got;
        else if (errno == EAGAIN)
            poll(&more, 1, -1);
        else if (errno != EINTR)
            return FALSE;
    }
    input->xml[input->length] = '\0';
    return TRUE;
}

/* What a pipe gives is read to its end, but not beyond what a domain may have.
 * On FALSE errno tells. */
static gboolean
read_input(Input *input)
{
    gboolean is_stdin = g_str_equal(input->file, "-");
    int fd = is_stdin ? STDIN_FILENO : open(input->file, O_RDONLY | O_CLOEXEC);
    gboolean done;

    if (is_stdin)
        input->file = "<stdin>";
    done = fd >= 0 && read_all(fd, input);
    if (fd >= 0 && !is_stdin) {
        int reason = errno;

        close(fd);
        errno = reason;
    }
    return done;
}

/* What was read only in part must not be written back as if it were all: a
 * document without SPM passes through unread. */
static gboolean
check_input(const Input *input, GError **error)
{
    if (input->length > SPM_XML_MAX)
        g_set_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL,
                    "the document has more than the %d bytes that libvirt takes", SPM_XML_MAX);
    else if (memchr(input->xml, '\0', input->length))
        g_set_error_literal(error, SPM_ERROR, SPM_ERROR_XML_DETAIL, "the document holds a NUL byte");
    else
        return TRUE;
    return FALSE;
}

/* A full disk or a closed pipe must not look like a translation. */
static int
write_output(const char *text)
{
    if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
        return 0;
    g_printerr("virt-spm: standard output: %s\n", g_strerror(errno));
    return EXIT_USAGE;
}

static SpmQemuCaps *
find_emulator(const Input *input, const SpmDomainTarget *target, GError **error)
{
    g_autoptr(SpmQemuCapsCache) cache = NULL;
    g_autofree char *folder = NULL;
    const char *binary = option_emulator   ? option_emulator
                         : target->emulator ? target->emulator
                                            : DEFAULT_EMULATOR;

    if (option_assume)
        return spm_qemu_caps_assume(option_assume, error);
    /* An ordinary domain asks nothing of it. */
    if (!spm_domain_asks(input->xml, input->length, NULL))
        return spm_qemu_caps_assume("", error);
    cache = spm_qemu_caps_cache_new();
    folder = spm_caps_store_default_folder();
    spm_qemu_caps_cache_keep_in(cache, folder);
    return spm_qemu_caps_lookup(cache, binary, error);
}

/* Lowering A is for a libvirt that builds memory-less cells. Which one is
 * there is asked where there is one to ask; the newest is assumed otherwise. */
static gboolean
find_libvirt(const SpmDomainTarget *target, gboolean *memoryless, GError **error)
{
    g_autoptr(virConnect) connection = NULL;
    g_autofree char *xml = NULL;
    g_autofree char *argv = NULL;

    *memoryless = TRUE;
    if (option_libvirt) {
        if (!g_str_equal(option_libvirt, "A") && !g_str_equal(option_libvirt, "B")) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_INVALID_ARG, "--libvirt is A or B, not '%s'",
                        option_libvirt);
            return FALSE;
        }
        *memoryless = g_str_equal(option_libvirt, "A");
        return TRUE;
    }
    if (!option_connect)
        return TRUE;
    if (!(connection = spm_libvirt_open(option_connect, FALSE, error)))
        return FALSE;
    xml = spm_libvirt_probe_xml(target->virt_type, target->arch, target->emulator);
    argv = spm_libvirt_to_native(connection, xml, error);
    *memoryless = spm_libvirt_probe_memoryless(argv);
    return argv != NULL;
}

/* What lowering has to know, and who owns it. */
typedef struct {
    SpmLoweringContext context;
    SpmQemuCaps *qemu;
    SpmNodeset *nodes;
    GPtrArray *backings;
} Known;

static void
known_clear(Known *known)
{
    g_clear_pointer(&known->qemu, spm_qemu_caps_unref);
    g_clear_pointer(&known->nodes, spm_nodeset_free);
    g_clear_pointer(&known->backings, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Known, known_clear)

static gboolean
find_out(const Input *input, Known *known, GError **error)
{
    g_autoptr(SpmDomainTarget) target = spm_domain_target_parse(input->xml, input->length, error);

    if (!target || !(known->qemu = find_emulator(input, target, error)) ||
        !find_libvirt(target, &known->context.memoryless_cells, error))
        return FALSE;
    if (option_place &&
        !(known->backings = spm_tool_place(input->xml, input->length, option_sysroot,
                                           option_config, NULL, error)))
        return FALSE;
    known->nodes = spm_host_nodes_with_cpus(option_sysroot, NULL);
    known->context.qemu = known->qemu;
    known->context.nodes_with_cpus = known->nodes;
    known->context.backings = known->backings;
    return TRUE;
}

static char *
lower(const Input *input, GError **error)
{
    g_auto(Known) known = { 0 };
    g_autoptr(GError) why = NULL;

    if (!spm_domain_asks(input->xml, input->length, &why)) {
        if (!why)
            return g_strndup(input->xml, input->length);
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    if (!find_out(input, &known, error))
        return NULL;
    return spm_domain_lower(input->xml, input->length, &known.context, error);
}

static char *
raise_input(const Input *input, GError **error)
{
    return spm_domain_raise(input->xml, input->length, error);
}

static char *
validate(const Input *input, GError **error)
{
    g_autofree char *lowered = NULL;

    if (!spm_schema_validate(input->xml, input->length, option_schema, error))
        return NULL;
    lowered = lower(input, error);
    return lowered ? g_strdup_printf("%s validates\n", input->file) : NULL;
}

static char *
argv(const Input *input, GError **error)
{
    g_autofree char *lowered = NULL;
    g_autoptr(virConnect) connection = NULL;

    if (option_memory) {
        g_auto(Known) known = { 0 };

        if (!find_out(input, &known, error))
            return NULL;
        return spm_qemu_memory_argv(input->xml, input->length, &known.context, error);
    }
    if (!option_connect)
        option_connect = g_strdup(SPM_LIBVIRT_DEFAULT_URI);
    if (!(lowered = lower(input, error)) || !(connection = spm_libvirt_open(option_connect, FALSE, error)))
        return NULL;
    return spm_libvirt_to_native(connection, lowered, error);
}

static char *
plan(const Input *input, GError **error)
{
    g_autoptr(GError) why = NULL;

    /* A user's document has to make sense; stock XML is read as it is. */
    if (!spm_domain_asks(input->xml, input->length, &why) && why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    return spm_tool_plan(input->xml, input->length, option_sysroot, option_config, option_json,
                         error);
}

static char *
status(const Input *input, GError **error)
{
    return spm_tool_status(option_connect, option_sysroot, option_config, option_json, error);
}

/* Whatever cannot be found out about the emulator counts as a no. */
static char *
receive(const Input *input, GError **error)
{
    g_autoptr(SpmDomainTarget) target = NULL;
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(SpmQemuCaps) caps = NULL;
    g_autoptr(GError) unknown = NULL;
    g_autofree char *why_not = NULL;

    if (!spm_domain_holds_sp_mem(input->xml, input->length))
        return g_strndup(input->xml, input->length);
    if (!(target = spm_domain_target_parse(input->xml, input->length, error)))
        return NULL;
    if (option_assume)
        caps = spm_qemu_caps_assume(option_assume, error);
    else if (option_emulator || target->emulator)
        caps = spm_qemu_caps_lookup(cache, option_emulator ? option_emulator : target->emulator,
                                    &unknown);
    if (option_assume && !caps)
        return NULL;
    if (caps)
        why_not = g_strdup_printf("%s (QEMU %s) does not migrate it",
                                  caps->binary ? caps->binary : "its emulator",
                                  caps->version ? caps->version : "of unknown version");
    else
        why_not = g_strdup_printf("whether its emulator migrates it cannot be found out (%s)",
                                  unknown ? unknown->message : "the XML names none");
    return spm_domain_receive(input->xml, input->length, caps && caps->sp_mem_migratable, why_not,
                              g_get_real_time() / G_USEC_PER_SEC, error);
}

static const struct {
    const char *name;
    gboolean wants_file;
    char *(*run)(const Input *input, GError **error);
} commands[] = {
    { "lower", TRUE, lower },
    { "raise", TRUE, raise_input },
    { "validate", TRUE, validate },
    { "argv", TRUE, argv },
    { "plan", TRUE, plan },
    { "status", FALSE, status },
    { "receive", TRUE, receive },
};

static int
run(guint command, Input *input)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = NULL;

    if (commands[command].wants_file && !read_input(input)) {
        g_printerr("virt-spm: %s: %s\n", input->file, g_strerror(errno));
        return EXIT_USAGE;
    }
    if (!commands[command].wants_file || check_input(input, &error))
        output = commands[command].run(input, &error);
    if (!output) {
        complain(input, error);
        return g_error_matches(error, SPM_ERROR, SPM_ERROR_INVALID_ARG) ? EXIT_USAGE : EXIT_FAULT;
    }
    return write_output(output);
}

static int
find_command(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(name, commands[i].name))
            return (int)i;
    }
    return -1;
}

int
main(int argc, char **argv_in)
{
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND [FILE]");
    g_autoptr(GError) error = NULL;
    Input input = { .file = "virt-spm" };
    int command, status;

    setlocale(LC_ALL, "");
    g_option_context_add_main_entries(context, options, NULL);
    g_option_context_set_summary(context, summary);
    if (!g_option_context_parse(context, &argc, &argv_in, &error)) {
        g_printerr("virt-spm: %s; try 'virt-spm --help'\n", error->message);
        return EXIT_USAGE;
    }
    if (option_version)
        return write_output("virt-spm " SPM_VERSION "\n");
    if (argc < 2) {
        g_printerr("virt-spm: a command is wanted; try 'virt-spm --help'\n");
        return EXIT_USAGE;
    }
    command = find_command(argv_in[1]);
    if (command < 0) {
        g_printerr("virt-spm: unknown command '%s'; try 'virt-spm --help'\n", argv_in[1]);
        return EXIT_USAGE;
    }
    if (argc != (commands[command].wants_file ? 3 : 2)) {
        g_printerr("virt-spm: '%s' takes %s; try 'virt-spm --help'\n", argv_in[1],
                   commands[command].wants_file ? "one file, or - for standard input" : "no file");
        return EXIT_USAGE;
    }
    if (commands[command].wants_file)
        input.file = argv_in[2];
    status = run((guint)command, &input);
    g_free(input.xml);
    return status;
}
