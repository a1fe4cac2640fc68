/*
 * intercept_memory.c: would the contents of memory be lost?
 *
 * QEMU 11.1 registers no RAM block for sp-mem, so save, managed save, a snapshot
 * with memory and migration leave out what is in it, and say nothing. A guest
 * that had put it to use crashes afterwards. Such calls are refused as long
 * as the emulator says that the fault is there; those that bring such a guest
 * back are in intercept_restore.c.
 *
 * Between this check and the call the domain can be stopped and another one
 * started under its UUID. sp-mem cannot be plugged into a running guest, so one
 * that had none when asked does not get any later without being restarted.
 * The emulator is asked by its path: if a fixed QEMU has been installed since the
 * guest was started, the answer is about the new one, not about the one that
 * runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "daemon/session.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

/* virDomainSnapshotCreateFlags */
#define SNAPSHOT_REDEFINE 1
#define SNAPSHOT_DISK_ONLY 16

/* virDomainMigrateFlags: only the definition moves, whether the guest runs or not. */
#define MIGRATE_OFFLINE 1024

#define DOMAIN_MIGRATE_BEGIN3 213
#define DOMAIN_MIGRATE_BEGIN3_PARAMS 302

static const SpmMemoryDeed save = { "save", "would be lost", "shut the guest down instead" };
static const SpmMemoryDeed migrate = {
    "migrate", "would be lost", "shut the guest down and start it on the other host instead"
};
static const SpmMemoryDeed take_snapshot = {
    "take a snapshot with the memory of", "would be lost",
    "take one of the disks only, or shut the guest down first"
};

/* ---- does the emulator migrate it? ---- */

typedef struct {
    const SpmMemoryDeed *deed;
    SpmCallAllowedFunc allowed;
    char *name;
} Question;

static void
question_free(gpointer data)
{
    Question *question = data;

    g_free(question->name);
    g_free(question);
}

G_GNUC_PRINTF(2, 3)
static void
refuse(SpmCall *call, const char *format, ...)
{
    const Question *question = call->state;
    g_autofree char *why = NULL;
    va_list args;

    va_start(args, format);
    why = g_strdup_vprintf(format, args);
    va_end(args);
    spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_OPERATION_UNSUPPORTED,
                                    "cannot %s domain '%s': the contents of its sp-mem memory "
                                    "%s: %s; %s",
                                    question->deed->doing, question->name, question->deed->fate,
                                    why, question->deed->instead));
}

static void
emulator_answered(SpmCall *call, SpmQemuCaps *caps, const GError *error)
{
    const Question *question = call->state;

    if (!caps)
        refuse(call, "whether the emulator migrates it cannot be found out (%s)", error->message);
    else if (!caps->sp_mem_migratable)
        refuse(call, "%s (QEMU %s) does not migrate it", caps->binary ? caps->binary : "?",
               caps->version ? caps->version : "of unknown version");
    else
        question->allowed(call);
}

void
spm_intercept_memory(SpmCall *call, const SpmMemoryDeed *deed, const char *xml, gsize length,
                     SpmCallAllowedFunc allowed)
{
    g_autoptr(SpmDomainTarget) target = NULL;
    Question *question;

    if (!spm_domain_holds_sp_mem(xml, length)) {
        allowed(call);
        return;
    }
    target = spm_domain_target_parse(xml, length, NULL);
    question = g_new0(Question, 1);
    question->deed = deed;
    question->allowed = allowed;
    question->name = spm_intercept_domain_name(xml, length);
    spm_call_set_state(call, question, question_free);
    if (!target || !target->emulator || !g_path_is_absolute(target->emulator))
        refuse(call, "which emulator runs it cannot be found out");
    else
        spm_call_ask_emulator(call, target->emulator, emulator_answered);
}

/* ---- what becomes of a domain's memory ---- */

static void
xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    g_autoptr(SpmDomainTarget) target = NULL;
    const char *xml;
    gsize length;

    if (!spm_call_result_string(call, payload, size, &xml, &length))
        return;
    target = spm_domain_target_parse(xml, length, NULL);
    if (target && !target->active)
        spm_intercept_translate(call); /* no contents yet; libvirt says the rest */
    else
        spm_intercept_memory(call, call->state, xml, length, spm_intercept_translate);
}

static void
check(SpmCall *call, const SpmMemoryDeed *deed)
{
    spm_call_set_state(call, (gpointer)deed, NULL);
    spm_call_ask_domain_xml(call, 0, xml_answered);
}

void
spm_intercept_save(SpmCall *call)
{
    check(call, &save);
}

/* Where the flags are 64 bits wide, the bandwidth that follows them is, too. */
static guint64
migrate_flags(const SpmCall *call)
{
    const SpmRpcField *wide = spm_rpc_args_find(&call->args, 'h');

    return wide ? wide->number : spm_rpc_args_flags(&call->args);
}

void
spm_intercept_migrate(SpmCall *call)
{
    if (!(migrate_flags(call) & MIGRATE_OFFLINE)) {
        check(call, &migrate);
        return;
    }
    if (call->procedure->number == DOMAIN_MIGRATE_BEGIN3 ||
        call->procedure->number == DOMAIN_MIGRATE_BEGIN3_PARAMS)
        call->marks_reply = TRUE;
    spm_intercept_translate(call);
}

gboolean
spm_intercept_leaves_memory_out(const xmlNode *snapshot)
{
    const xmlNode *memory = spm_xml_child(snapshot, "memory");
    g_autofree char *how = memory ? spm_xml_attr(memory, "snapshot") : NULL;

    return g_strcmp0(how, "no") == 0;
}

/* What cannot be read may hold memory. */
static gboolean
leaves_memory_out(const SpmRpcField *field)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(field->text, field->length, NULL);

    return doc && spm_intercept_leaves_memory_out(xmlDocGetRootElement(doc));
}

void
spm_intercept_snapshot(SpmCall *call)
{
    guint64 flags = spm_rpc_args_flags(&call->args);

    if ((flags & (SNAPSHOT_REDEFINE | SNAPSHOT_DISK_ONLY)) ||
        leaves_memory_out(spm_rpc_args_find(&call->args, 'x')))
        spm_intercept_translate(call);
    else
        check(call, &take_snapshot);
}
