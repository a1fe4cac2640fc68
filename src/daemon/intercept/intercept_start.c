/*
 * intercept_start.c: can the emulator still do it, and has the host room?
 *
 * A domain was lowered for the emulator and the host of the day it was defined.
 * Before it starts both are looked at again (after intercept_restore.c has looked
 * at what libvirtd would restore instead):
 *
 *   - an emulator without sp-mem is refused: QEMU would end with words about a
 *     device that no user has ever asked for;
 *   - each SPM cell must fit where it was put. One that was put there by
 *     placement may go elsewhere: the domain is then defined anew, with nothing
 *     changed but its backing, before it starts.
 *
 * Between this check and the start the domain can be redefined and the emulator
 * replaced. Then QEMU's own words come after all; nothing else goes wrong. What
 * is to be started is kept from other starts until libvirtd has answered.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "daemon/session.h"
#include "host/host_nodes.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"

/* VIR_DOMAIN_XML_INACTIVE: the definition that will be started. With
 * VIR_DOMAIN_XML_SECURE, so that defining it anew loses no password. */
#define XML_INACTIVE 2
#define XML_SECURE 1

typedef struct {
    char *name;
    char *xml; /* the definition, stock XML */
    gsize length;
    SpmQemuCaps *caps;
} Start;

static void
start_free(gpointer data)
{
    Start *start = data;

    g_free(start->name);
    g_free(start->xml);
    g_clear_pointer(&start->caps, spm_qemu_caps_unref);
    g_free(start);
}

static void
refuse(SpmCall *call, const GError *why)
{
    spm_call_fail(call, g_error_new(SPM_ERROR, spm_error_number(why),
                                    "cannot start domain '%s', which has an SPM cell: %s",
                                    ((const Start *)call->state)->name, why->message));
}

/* ---- elsewhere ---- */

static void
defined(SpmCall *call, const guint8 *payload, gsize size)
{
    spm_call_forward(call);
}

static void
secure_xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    const Start *start = call->state;
    g_autoptr(SpmNodeset) nodes =
        spm_host_nodes_with_cpus(spm_call_environment(call)->sysroot, NULL);
    g_autofree char *raised = NULL;
    g_autofree char *lowered = NULL;
    g_autoptr(GError) error = NULL;
    GByteArray *args;
    const char *xml;
    gsize length;
    SpmLoweringContext context = {
        .qemu = start->caps,
        .memoryless_cells = spm_domain_is_lowering_a(start->xml, start->length),
        .nodes_with_cpus = nodes,
        .backings = call->plan->backings,
    };

    if (!spm_call_result_string(call, payload, size, &xml, &length))
        return;
    raised = spm_domain_raise(xml, length, &error);
    lowered = raised ? spm_domain_lower(raised, strlen(raised), &context, &error) : NULL;
    if (!lowered) {
        refuse(call, error);
        return;
    }
    args = g_byte_array_new();
    if (!spm_xdr_write_string(args, lowered, strlen(lowered))) {
        g_byte_array_unref(args);
        g_set_error(&error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "its XML is longer than libvirt takes (%d bytes); shorten it",
                    SPM_RPC_STRING_MAX);
        refuse(call, error);
        return;
    }
    g_info("domain '%s' goes elsewhere on the host than when it was defined", start->name);
    spm_call_ask_libvirt(call, SPM_RPC_DOMAIN_DEFINE_XML, args, defined);
}

/* ---- has the host room? ---- */

static void
place(SpmCall *call)
{
    const Start *start = call->state;
    SpmPlacer *placer = spm_call_environment(call)->placer;
    g_autoptr(GError) error = NULL;

    if (!spm_placer_is_on(placer)) {
        spm_call_forward(call);
        return;
    }
    call->plan = spm_placer_plan(placer, start->xml, start->length, NULL, 0, &error);
    if (!call->plan) {
        refuse(call, error);
        return;
    }
    spm_call_promise(call, start->name);
    if (spm_plan_keeps(call->plan))
        spm_call_forward(call);
    else
        spm_call_ask_domain_xml(call, XML_INACTIVE | XML_SECURE, secure_xml_answered);
}

/* ---- can the emulator still do it? ---- */

static void
emulator_answered(SpmCall *call, SpmQemuCaps *caps, const GError *error)
{
    Start *start = call->state;
    g_autoptr(GError) why = NULL;

    if (!caps) {
        refuse(call, error);
        return;
    }
    if (!caps->sp_mem) {
        g_set_error(&why, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "its emulator %s (QEMU %s) has no sp-mem device; install QEMU 11.1 or later",
                    caps->binary ? caps->binary : "?",
                    caps->version ? caps->version : "of unknown version");
        refuse(call, why);
        return;
    }
    start->caps = spm_qemu_caps_ref(caps);
    place(call);
}

static void
xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    g_autoptr(SpmDomainTarget) target = NULL;
    g_autoptr(GError) error = NULL;
    Start *start;
    const char *xml;
    gsize length;

    if (!spm_call_result_string(call, payload, size, &xml, &length))
        return;
    if (!spm_domain_may_hold(xml, length) || !spm_domain_holds_sp_mem(xml, length)) {
        spm_call_forward(call);
        return;
    }
    target = spm_domain_target_parse(xml, length, &error);
    if (!target) {
        spm_call_fail(call, g_steal_pointer(&error));
        return;
    }
    start = g_new0(Start, 1);
    start->name = spm_intercept_domain_name(xml, length);
    start->xml = g_strndup(xml, length);
    start->length = length;
    spm_call_set_state(call, start, start_free);
    /* libvirt fills it in when a domain is defined. */
    if (!target->emulator || !g_path_is_absolute(target->emulator)) {
        g_set_error(&error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                    "its definition does not say which emulator it runs on; name one with "
                    "<emulator> in its <devices>");
        refuse(call, error);
        return;
    }
    spm_call_ask_emulator(call, target->emulator, emulator_answered);
}

void
spm_intercept_start_definition(SpmCall *call)
{
    spm_call_ask_domain_xml(call, XML_INACTIVE, xml_answered);
}
