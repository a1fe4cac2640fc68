/*
 * intercept_start.c: can the emulator still do it?
 *
 * A domain was lowered for the emulator of the day it was defined. If that has
 * been replaced by one without sp-mem, libvirt would start it, and QEMU would end
 * with words about a device that no user has ever asked for.
 *
 * Between this check and the start the domain can be redefined and the emulator
 * replaced. Then QEMU's own words come after all; nothing else goes wrong.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept.h"

#include "qemu/qemu_domain.h"
#include "util/spm_error.h"

/* VIR_DOMAIN_XML_INACTIVE: the definition that will be started. */
#define XML_INACTIVE 2

static void
emulator_answered(SpmCall *call, SpmQemuCaps *caps, const GError *error)
{
    const char *name = call->state;

    if (!caps)
        spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                        "cannot start domain '%s', which has an SPM cell: %s",
                                        name, error->message));
    else if (!caps->sp_mem)
        spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                        "cannot start domain '%s', which has an SPM cell: its "
                                        "emulator %s (QEMU %s) has no sp-mem device; install "
                                        "QEMU 11.1 or later",
                                        name, caps->binary ? caps->binary : "?",
                                        caps->version ? caps->version : "of unknown version"));
    else
        spm_call_forward(call);
}

static void
xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    g_autoptr(SpmDomainTarget) target = NULL;
    g_autoptr(GError) error = NULL;
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
    spm_call_set_state(call, spm_intercept_domain_name(xml, length), g_free);
    /* libvirt fills it in when a domain is defined. */
    if (!target->emulator || !g_path_is_absolute(target->emulator)) {
        spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                        "cannot start domain '%s', which has an SPM cell: its "
                                        "definition does not say which emulator it runs on; name "
                                        "one with <emulator> in its <devices>",
                                        (const char *)call->state));
        return;
    }
    spm_call_ask_emulator(call, target->emulator, emulator_answered);
}

void
spm_intercept_start(SpmCall *call)
{
    spm_call_ask_domain_xml(call, XML_INACTIVE, xml_answered);
}
