/*
 * intercept_restore.c: would a guest come back without its memory?
 *
 * An image or a snapshot that was made around virtspmd, or with an emulator that
 * did migrate sp-mem, brings a guest back. Where the emulator does not fill its
 * sp-mem memory again, it would crash. libvirtd is asked for the XML in there:
 *
 *   - restoring an image: DOMAIN_SAVE_IMAGE_GET_XML_DESC of the file;
 *   - reverting to a snapshot: DOMAIN_SNAPSHOT_GET_XML_DESC. One that was taken
 *     while the guest was off, or of its disks only, has no memory;
 *   - starting a domain that has a managed save image, which libvirtd then
 *     restores: DOMAIN_HAS_MANAGED_SAVE_IMAGE, DOMAIN_MANAGED_SAVE_GET_XML_DESC.
 *
 * What libvirtd cannot read the XML of it cannot bring back either; such a call is
 * left to its own words, which depend on more than the image. Between this check
 * and the call the file can be replaced. libvirt's hook (src/hook) is asked when it
 * is really read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "qemu/qemu_nested.h"
#include "util/spm_error.h"

/* virDomainCreateFlags: discard a managed save image. */
#define START_FORCE_BOOT 8

static const SpmMemoryDeed restore = { "restore", "are not in the image",
                                       "start the domain anew instead" };
static const SpmMemoryDeed revert = { "revert to that snapshot of", "are not in it",
                                      "revert to one that was taken while the guest was off" };
static const SpmMemoryDeed start = {
    "start", "are not in its managed save image",
    "start it anew with 'virsh start --force-boot', which discards the image"
};

/* ---- images ---- */

/* What libvirtd cannot show it does not restore either; its client gets the error about
 * the call, not the one about our question. Should it restore all the same, the hook
 * (src/hook) is asked. */
static void
judge_image(SpmCall *call, const guint8 *payload, gsize size, const SpmMemoryDeed *deed,
            SpmCallAllowedFunc pass)
{
    const char *xml;
    gsize length;

    if (!payload)
        pass(call);
    else if (spm_call_result_string(call, payload, size, &xml, &length))
        spm_intercept_memory(call, deed, xml, length, pass);
}

static void
image_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    judge_image(call, payload, size, &restore, spm_intercept_translate);
}

/* The path of the image, as the client spelled it; FALSE when there is none, which
 * libvirtd refuses. */
static gboolean
image_path(const SpmCall *call, const char **path, gsize *length)
{
    const SpmRpcField *text = spm_rpc_args_find(&call->args, 's');
    const SpmRpcField *params = spm_rpc_args_find(&call->args, 'q');

    if (params)
        return spm_rpc_args_param(&call->args, params, "file", path, length);
    *path = text->text;
    *length = text->length;
    return TRUE;
}

void
spm_intercept_restore(SpmCall *call)
{
    GByteArray *args;
    const char *path;
    gsize length;

    if (!image_path(call, &path, &length)) {
        spm_intercept_translate(call);
        return;
    }
    args = g_byte_array_new();
    spm_xdr_write_string(args, path, length);
    spm_xdr_write_u32(args, 0); /* flags */
    spm_call_try_libvirt(call, SPM_RPC_DOMAIN_SAVE_IMAGE_GET_XML_DESC, args, image_answered);
}

/* ---- snapshots ---- */

static gboolean
holds_memory(const char *xml, gsize length)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    g_autofree char *state = spm_xml_text(spm_xml_child(root, "state"));

    if (!root)
        return TRUE; /* unsure is yes */
    return !spm_intercept_leaves_memory_out(root) && g_strcmp0(state, "shutoff") != 0 &&
           g_strcmp0(state, "disk-snapshot") != 0;
}

static void
snapshot_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    g_autoptr(SpmNested) nested = NULL;
    const char *xml, *domain;
    gsize length;

    if (payload && !spm_call_result_string(call, payload, size, &xml, &length))
        return;
    if (!payload || !holds_memory(xml, length)) {
        spm_intercept_translate(call);
        return;
    }
    /* The first is the domain that ran. A snapshot from before libvirt kept the
     * domain in it cannot have sp-mem; neither can one that nobody can read be
     * told not to. */
    nested = spm_nested_parse(xml, length, NULL);
    if (nested && spm_nested_count(nested) == 0) {
        spm_intercept_translate(call);
        return;
    }
    domain = nested ? spm_nested_text(nested, 0, &length) : xml;
    spm_intercept_memory(call, &revert, domain, length, spm_intercept_translate);
}

void
spm_intercept_revert(SpmCall *call)
{
    const SpmRpcField *name = &call->args.fields[0], *domain = &call->args.fields[1];
    GByteArray *args = g_byte_array_new();

    g_byte_array_append(args, call->args.payload + name->offset, name->size + domain->size);
    spm_xdr_write_u32(args, 0); /* flags */
    spm_call_try_libvirt(call, SPM_RPC_DOMAIN_SNAPSHOT_GET_XML_DESC, args, snapshot_answered);
}

/* ---- managed save images ---- */

static void
ask_about_domain(SpmCall *call, guint32 procedure, SpmCallResultFunc func)
{
    const SpmRpcField *domain = spm_rpc_args_find(&call->args, 'd');
    GByteArray *args = g_byte_array_new();

    g_byte_array_append(args, call->args.payload + domain->offset, domain->size);
    spm_xdr_write_u32(args, 0); /* flags */
    spm_call_try_libvirt(call, procedure, args, func);
}

/* An image that cannot be read libvirtd discards, and starts the domain anew. */
static void
managed_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    judge_image(call, payload, size, &start, spm_intercept_start_definition);
}

/* Other drivers than QEMU's may not know the question: they have no such image. */
static void
has_managed_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    SpmXdrReader reader;
    guint32 has = 0;

    spm_xdr_reader_init(&reader, payload, payload ? size : 0);
    if (spm_xdr_read_u32(&reader, &has) && has)
        ask_about_domain(call, SPM_RPC_DOMAIN_MANAGED_SAVE_GET_XML_DESC, managed_answered);
    else
        spm_intercept_start_definition(call);
}

void
spm_intercept_start(SpmCall *call)
{
    if (spm_rpc_args_flags(&call->args) & START_FORCE_BOOT)
        spm_intercept_start_definition(call);
    else
        ask_about_domain(call, SPM_RPC_DOMAIN_HAS_MANAGED_SAVE_IMAGE, has_managed_answered);
}
