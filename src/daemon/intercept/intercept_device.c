/*
 * intercept_device.c: is it an SPM cell's memory device?
 *
 * To stock libvirt an SPM cell is a memory module with an override, and a user
 * may attach, detach and resize memory modules. Through virtspmd it is a cell, and
 * a cell stays as it was defined. So
 *
 *   - detaching or updating the memory device of an SPM cell is refused;
 *   - attaching memory to an SPM cell is refused, and so is any device whose alias
 *     is of the kind that lowering gives.
 *
 * A call can be about the running guest, about its definition, or about both;
 * each that it is about is looked at. Between that and the call the domain can
 * be redefined; what then happens is what stock libvirt does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_size.h"
#include "util/spm_xml.h"

/* virDomainDeviceModifyFlags; and VIR_DOMAIN_XML_INACTIVE, which asks for the
 * definition. */
#define AFFECT_CONFIG 2
#define XML_INACTIVE 2

/* The aliases that lowering gives. */
#define RESERVED_ALIAS "ua-virtspm-"

typedef struct {
    const char *doing;
    /* The cell that the device would touch in this stock XML, if any. */
    gboolean (*touches)(const SpmRpcField *device, const char *xml, gsize length, guint *cell);
    gboolean definition_too; /* still to be looked at */
    GError *unreadable;      /* why the device cannot be judged */
} Question;

static void
question_free(gpointer data)
{
    Question *question = data;

    g_clear_error(&question->unreadable);
    g_free(question);
}

static void
xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    Question *question = call->state;
    const SpmRpcField *device = spm_rpc_args_find(&call->args, 's');
    g_autofree char *name = NULL;
    const char *xml;
    gsize length;
    guint cell;

    if (!spm_call_result_string(call, payload, size, &xml, &length))
        return;
    /* libvirt reads some XML that is not read here, such as a DTD. */
    if (spm_domain_may_hold(xml, length) && question->unreadable) {
        spm_call_fail(call, g_steal_pointer(&question->unreadable));
        return;
    }
    if (!spm_domain_may_hold(xml, length) || !question->touches(device, xml, length, &cell)) {
        if (question->definition_too) {
            question->definition_too = FALSE;
            spm_call_ask_domain_xml(call, XML_INACTIVE, xml_answered);
        } else {
            spm_intercept_translate(call);
        }
        return;
    }
    name = spm_intercept_domain_name(xml, length);
    spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_OPERATION_UNSUPPORTED,
                                    "cannot %s memory of domain '%s': it belongs to SPM cell %u, "
                                    "which stays as it was defined; change the cell with 'virsh "
                                    "edit' and restart the guest",
                                    question->doing, name, cell));
}

/* Takes @unreadable, which may be NULL. */
static void
check(SpmCall *call, const char *doing,
      gboolean (*touches)(const SpmRpcField *, const char *, gsize, guint *), GError *unreadable)
{
    Question *question = g_new0(Question, 1);

    question->doing = doing;
    question->touches = touches;
    question->unreadable = unreadable;
    question->definition_too = (spm_rpc_args_flags(&call->args) & AFFECT_CONFIG) != 0;
    spm_call_set_state(call, question, question_free);
    spm_call_ask_domain_xml(call, 0, xml_answered);
}

/* Forward a device that is no memory, and check what is, or cannot be read. */
static void
check_memory(SpmCall *call, const char *doing,
             gboolean (*touches)(const SpmRpcField *, const char *, gsize, guint *))
{
    const SpmRpcField *device = spm_rpc_args_find(&call->args, 's');
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse(device->text, device->length, &error);

    if (doc && !spm_xml_is(xmlDocGetRootElement(doc), "memory"))
        spm_intercept_translate(call);
    else
        check(call, doing, touches, g_steal_pointer(&error));
}

/* ---- detach and update ---- */

static gboolean
is_spm_device(const SpmRpcField *device, const char *xml, gsize length, guint *cell)
{
    return spm_domain_device_is_spm(xml, length, device->text, device->length, cell);
}

void
spm_intercept_detach(SpmCall *call)
{
    check_memory(call, "detach", is_spm_device);
}

void
spm_intercept_update(SpmCall *call)
{
    check_memory(call, "update", is_spm_device);
}

static gboolean
is_spm_alias(const SpmRpcField *device, const char *xml, gsize length, guint *cell)
{
    g_autofree char *alias = g_strndup(device->text, device->length);

    return spm_domain_alias_is_spm(alias, cell);
}

void
spm_intercept_detach_alias(SpmCall *call)
{
    guint cell;

    if (is_spm_alias(spm_rpc_args_find(&call->args, 's'), NULL, 0, &cell))
        check(call, "detach", is_spm_alias, NULL);
    else
        spm_intercept_translate(call);
}

/* ---- attach ---- */

/* Is @number an SPM cell of the domain, as its user sees it? */
static gboolean
is_spm_cell(const char *xml, gsize length, guint64 number)
{
    g_autofree char *raised = spm_domain_raise(xml, length, NULL);
    g_autoptr(xmlDoc) doc = raised ? spm_xml_parse(raised, strlen(raised), NULL) : NULL;
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *numa = spm_xml_child(spm_xml_child(root, "cpu"), "numa");
    guint64 position = 0;

    for (xmlNode *cell = spm_xml_child(numa, "cell"); cell;
         cell = spm_xml_next(cell, "cell"), position++) {
        g_autofree char *type = spm_xml_attr(cell, "memmapType");
        g_autofree char *id_text = spm_xml_attr(cell, "id");
        guint64 id = position;

        if (id_text && !spm_parse_uint64(id_text, &id))
            continue;
        if (id == number && type && !g_str_equal(type, "normal"))
            return TRUE;
    }
    return FALSE;
}

static gboolean
targets_spm_cell(const SpmRpcField *device, const char *xml, gsize length, guint *cell)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(device->text, device->length, NULL);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    g_autofree char *node = spm_xml_text(spm_xml_child(spm_xml_child(root, "target"), "node"));
    guint64 number;

    if (!node || !spm_parse_uint64(node, &number) || number > G_MAXUINT)
        return FALSE; /* libvirt refuses it */
    *cell = number;
    return is_spm_cell(xml, length, number);
}

/* The alias of the device, if it is one of ours. Caller frees. */
static char *
reserved_alias(const SpmRpcField *device)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(device->text, device->length, NULL);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *alias = spm_xml_child(root, "alias");
    g_autofree char *name = alias ? spm_xml_attr(alias, "name") : NULL;

    return name && g_str_has_prefix(name, RESERVED_ALIAS) ? g_steal_pointer(&name) : NULL;
}

void
spm_intercept_attach(SpmCall *call)
{
    const SpmRpcField *device = spm_rpc_args_find(&call->args, 's');
    g_autofree char *alias = reserved_alias(device);

    if (alias)
        spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                        "the alias '%s' is reserved for the memory of SPM cells; "
                                        "choose one that does not begin with '" RESERVED_ALIAS "'",
                                        alias));
    else
        check_memory(call, "attach", targets_spm_cell);
}
