/*
 * intercept_lower.c: the domain XML in a call
 *
 * A document that does not ask for SPM passes byte for byte. The domains that do
 * are lowered one after the other, wherever in the call they are (call_xml.h):
 *
 *   1. --validate: the user's document is checked against our grammar
 *      (intercept_validate.c);
 *   2. the emulator: as the document names it, or as libvirt would choose it
 *      (CONNECT_GET_DOMAIN_CAPABILITIES);
 *   3. what that emulator can do, and whether it is enough for this document;
 *   4. whether this libvirt can build a cell without memory, by having it
 *      translate a tiny domain (CONNECT_DOMAIN_XML_TO_NATIVE);
 *   5. where the cells go on this host (intercept_place.c);
 *   6. lowering.
 *
 * Then the call goes on with the client's own serial.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "daemon/session.h"
#include "host/host_nodes.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

/* Flags that ask for validation: VIR_DOMAIN_DEFINE_VALIDATE, VIR_DOMAIN_START_VALIDATE. */
#define DEFINE_VALIDATE 1
#define START_VALIDATE 16

#define DOMAIN_DEFINE_XML_FLAGS 350
#define DOMAIN_CREATE_XML 10
#define DOMAIN_CREATE_XML_WITH_FILES 309

typedef struct {
    SpmDomainTarget *target;
    SpmQemuCaps *caps;
    gboolean memoryless;
} Lowering;

static void
lowering_free(gpointer data)
{
    Lowering *lowering = data;

    g_clear_pointer(&lowering->target, spm_domain_target_free);
    g_clear_pointer(&lowering->caps, spm_qemu_caps_unref);
    g_free(lowering);
}

/* ---- 6: lowering ---- */

static SpmNodeset *
host_nodes(const SpmCall *call)
{
    g_autoptr(GError) error = NULL;
    SpmNodeset *nodes = spm_host_nodes_with_cpus(spm_call_environment(call)->sysroot, &error);

    /* Lowering then makes no difference between nodes with and without CPUs. */
    if (!nodes)
        g_message("cannot tell which host nodes have CPUs: %s", error->message);
    return nodes;
}

static void next_domain(SpmCall *call);

static void
lower(SpmCall *call, const GPtrArray *backings)
{
    const Lowering *lowering = call->state;
    g_autoptr(SpmNodeset) nodes = host_nodes(call);
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;
    SpmLoweringContext context = {
        .qemu = lowering->caps,
        .memoryless_cells = lowering->memoryless,
        .nodes_with_cpus = nodes,
        .backings = backings,
    };
    gsize length;
    const char *asked = spm_documents_current(call->documents, &length);
    xmlDoc *doc = spm_documents_current_doc(call->documents);

    if (spm_domain_doc_lower(doc, &context, &error))
        xml = spm_xml_format(doc, spm_xml_quote(asked, length));
    if (!xml || !spm_documents_put(call->documents, xml, &error)) {
        spm_call_fail(call, g_steal_pointer(&error));
        return;
    }
    if (call->procedure->xml == SPM_RPC_XML_STARTS && !call->promise) {
        g_autofree char *name = spm_intercept_domain_name(xml, strlen(xml));

        spm_call_promise(call, name);
    }
    next_domain(call);
}

/* ---- 5: placement is in intercept_place.c ---- */

/* ---- 4: can libvirt build a cell without memory? ---- */

static char *
kind_of(const SpmDomainTarget *target)
{
    return g_strdup_printf("%s|%s|%s", target->virt_type ? target->virt_type : "",
                           target->arch ? target->arch : "", target->emulator);
}

static void
libvirt_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    Lowering *lowering = call->state;
    g_autofree char *argv = NULL;
    g_autofree char *kind = NULL;
    const char *text;
    gsize length;

    if (!spm_call_result_string(call, payload, size, &text, &length))
        return;
    argv = g_strndup(text, length);
    lowering->memoryless = spm_libvirt_probe_memoryless(argv);
    kind = kind_of(lowering->target);
    spm_session_remember(call->session, kind, lowering->memoryless);
    spm_intercept_place(call, lower);
}

static void
ask_libvirt(SpmCall *call)
{
    static const char format[] = "qemu-argv";
    Lowering *lowering = call->state;
    const SpmDomainTarget *target = lowering->target;
    g_autofree char *kind = kind_of(target);
    g_autofree char *probe = NULL;
    GByteArray *args;

    if (spm_session_recall(call->session, kind, &lowering->memoryless)) {
        spm_intercept_place(call, lower);
        return;
    }
    probe = spm_libvirt_probe_xml(target->virt_type, target->arch, target->emulator);
    args = g_byte_array_new();
    spm_xdr_write_string(args, format, strlen(format));
    spm_xdr_write_string(args, probe, strlen(probe));
    spm_xdr_write_u32(args, 0); /* flags */
    spm_call_ask_libvirt(call, SPM_RPC_CONNECT_DOMAIN_XML_TO_NATIVE, args, libvirt_answered);
}

/* ---- 3: what can the emulator do? ---- */

/* Checked as for a libvirt that can do all. What fails here fails with every libvirt,
 * and libvirt's own words about the probe would say less. */
static gboolean
is_possible(const SpmCall *call, GError **error)
{
    SpmLoweringContext context = {
        .qemu = ((const Lowering *)call->state)->caps,
        .memoryless_cells = TRUE,
    };

    return spm_domain_doc_check(spm_documents_current_doc(call->documents), &context, error);
}

static void
emulator_answered(SpmCall *call, SpmQemuCaps *caps, const GError *error)
{
    Lowering *lowering = call->state;
    g_autoptr(GError) impossible = NULL;

    if (!caps) {
        spm_call_fail(call, g_error_copy(error));
        return;
    }
    lowering->caps = spm_qemu_caps_ref(caps);
    if (is_possible(call, &impossible))
        ask_libvirt(call);
    else
        spm_call_fail(call, g_steal_pointer(&impossible));
}

static void
ask_emulator(SpmCall *call)
{
    const char *emulator = ((const Lowering *)call->state)->target->emulator;

    if (!g_path_is_absolute(emulator)) {
        spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_XML,
                                        "the emulator '%s' in <devices> is not an absolute path",
                                        emulator));
        return;
    }
    spm_call_ask_emulator(call, emulator, emulator_answered);
}

/* ---- 2: which emulator? ---- */

static void
capabilities_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    Lowering *lowering = call->state;
    g_autoptr(xmlDoc) doc = NULL;
    const char *text;
    gsize length;

    if (!spm_call_result_string(call, payload, size, &text, &length))
        return;
    doc = spm_xml_parse(text, length, NULL);
    lowering->target->emulator =
        spm_xml_text(spm_xml_child(doc ? xmlDocGetRootElement(doc) : NULL, "path"));
    if (!lowering->target->emulator) {
        spm_call_fail(call, g_error_new_literal(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                                "libvirt does not say which emulator it would "
                                                "choose for the domain; name one with <emulator> "
                                                "in its <devices>"));
        return;
    }
    ask_emulator(call);
}

static void
find_emulator(SpmCall *call)
{
    const SpmDomainTarget *target = ((const Lowering *)call->state)->target;
    GByteArray *args;

    if (target->emulator) {
        ask_emulator(call);
        return;
    }
    /* Each is a part of a document that was short enough. */
    args = g_byte_array_new();
    spm_xdr_write_optional(args, NULL);
    spm_xdr_write_optional(args, target->arch);
    spm_xdr_write_optional(args, target->machine);
    spm_xdr_write_optional(args, target->virt_type);
    spm_xdr_write_u32(args, 0); /* flags */
    spm_call_ask_libvirt(call, SPM_RPC_CONNECT_GET_DOMAIN_CAPABILITIES, args, capabilities_answered);
}

/* ---- 1: validation ---- */

static gboolean
is_to_be_validated(const SpmCall *call)
{
    guint64 flags = spm_rpc_args_flags(&call->args);

    switch (call->procedure->number) {
    case DOMAIN_DEFINE_XML_FLAGS:
        return (flags & DEFINE_VALIDATE) != 0;
    case DOMAIN_CREATE_XML:
    case DOMAIN_CREATE_XML_WITH_FILES:
        return (flags & START_VALIDATE) != 0;
    default:
        return FALSE;
    }
}

/* ---- domain by domain ---- */

static void
finish(SpmCall *call)
{
    g_autoptr(GError) error = NULL;

    if (spm_documents_write(call->documents, call->frame, &error))
        spm_call_forward(call);
    else
        spm_call_fail(call, g_steal_pointer(&error));
}

static void
next_domain(SpmCall *call)
{
    gsize length;
    Lowering *lowering;

    if (!spm_documents_current(call->documents, &length)) {
        finish(call);
        return;
    }
    lowering = g_new0(Lowering, 1);
    spm_call_set_state(call, lowering, lowering_free);
    lowering->target = spm_domain_doc_target(spm_documents_current_doc(call->documents));
    if (is_to_be_validated(call))
        spm_intercept_validate(call, find_emulator);
    else
        find_emulator(call);
}

void
spm_intercept_translate(SpmCall *call)
{
    g_autoptr(GError) error = NULL;

    call->documents = spm_documents_find(&call->args, &error);
    if (call->documents)
        next_domain(call);
    else if (error)
        spm_call_fail(call, g_steal_pointer(&error));
    else
        spm_call_forward(call);
}
