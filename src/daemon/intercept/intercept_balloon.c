/*
 * intercept_balloon.c: does a new size of memory mean what its user thinks?
 *
 * To libvirt the memory of an SPM cell is a part of the domain's memory, <memory>
 * counts it, and 'virsh setmem' of anything less asks the guest's balloon for the
 * difference. QEMU's balloon sees it otherwise: of two guests with 512 MiB and a
 * device of 256 MiB, query-balloon says 768 MiB when that is a pc-dimm, and
 * 512 MiB when it is sp-mem (QEMU 11.1). So
 *
 *   - a size between the two sums changes nothing, whatever libvirt says;
 *   - a smaller one is taken from ordinary memory alone, and what the guest has
 *     left is more than was asked for by all of its SPM cells.
 *
 * The second is refused, with the smallest size that does no harm: what the domain
 * has without its SPM cells. The maximum of a domain with NUMA cells libvirtd
 * itself does not change. A domain that there is not is libvirtd's business, which
 * looks at the size first.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

/* virDomainMemoryModFlags; and VIR_DOMAIN_XML_INACTIVE. */
#define AFFECT_CONFIG 2
#define SET_MAXIMUM 4
#define XML_INACTIVE 2

#define DOMAIN_SET_MEMORY_FLAGS 204

static guint64
flags_of(const SpmCall *call)
{
    return call->procedure->number == DOMAIN_SET_MEMORY_FLAGS ? spm_rpc_args_flags(&call->args) : 0;
}

static gboolean
is_allowed(SpmCall *call, const char *xml, gsize length)
{
    guint64 kib = spm_rpc_args_find(&call->args, 'h')->number;
    g_autofree char *name = NULL;
    guint64 ordinary, spm;

    if (!spm_domain_memory(xml, length, &ordinary, &spm) || spm == 0 || kib >= ordinary / SPM_KIB)
        return TRUE;
    name = spm_intercept_domain_name(xml, length);
    spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_OPERATION_UNSUPPORTED,
                                    "cannot set the memory of domain '%s' to %" G_GUINT64_FORMAT
                                    " KiB: its SPM cells have %" G_GUINT64_FORMAT " KiB, which the "
                                    "balloon neither counts nor takes; use at least %"
                                    G_GUINT64_FORMAT " KiB, what it has without them",
                                    name, kib, spm / SPM_KIB, ordinary / SPM_KIB));
    return FALSE;
}

static void
definition_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    const char *xml;
    gsize length;

    if (!payload ||
        (spm_call_result_string(call, payload, size, &xml, &length) && is_allowed(call, xml, length)))
        spm_intercept_translate(call);
}

static void
xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    const char *xml;
    gsize length;

    if (payload && (!spm_call_result_string(call, payload, size, &xml, &length) ||
                    !is_allowed(call, xml, length)))
        return;
    if (flags_of(call) & AFFECT_CONFIG)
        spm_call_try_domain_xml(call, XML_INACTIVE, definition_answered);
    else
        spm_intercept_translate(call);
}

void
spm_intercept_balloon(SpmCall *call)
{
    if (flags_of(call) & SET_MAXIMUM)
        spm_intercept_translate(call);
    else
        spm_call_try_domain_xml(call, 0, xml_answered);
}
