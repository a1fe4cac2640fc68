/*
 * intercept_validate.c: a document with SPM cells against our grammar
 *
 * libvirt validates what it gets, and of a domain with SPM cells that is stock
 * XML. What the user wrote is validated here, in a worker thread, because
 * reading the grammar takes longer than other clients should wait.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "conf/spm_schema.h"
#include "daemon/session.h"

typedef struct {
    SpmCallValidFunc valid;
    char *xml;
    gsize length;
    char *schema;
} Validation;

static void
validation_free(gpointer data)
{
    Validation *validation = data;

    g_free(validation->xml);
    g_free(validation->schema);
    g_free(validation);
}

static void
validate_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    static GMutex one_at_a_time; /* libxml2's tables of types are set up on first use */
    const Validation *validation = data;
    GError *error = NULL;
    gboolean valid;

    g_mutex_lock(&one_at_a_time);
    valid = spm_schema_validate(validation->xml, validation->length, validation->schema, &error);
    g_mutex_unlock(&one_at_a_time);
    if (valid)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void
validated(GObject *source, GAsyncResult *result, gpointer data)
{
    const Validation *validation = g_task_get_task_data(G_TASK(result));
    g_autoptr(SpmCall) call = data;
    g_autoptr(SpmSession) session = NULL;
    g_autoptr(GError) error = NULL;

    if (!call->session)
        return;
    session = spm_session_ref(call->session);
    if (g_task_propagate_boolean(G_TASK(result), &error))
        validation->valid(call);
    else
        spm_call_fail(call, g_steal_pointer(&error));
    spm_session_settle(session);
}

void
spm_intercept_validate(SpmCall *call, SpmCallValidFunc valid)
{
    g_autoptr(GTask) task = 
        g_task_new(NULL, spm_call_cancellable(call), validated, spm_call_ref(call));
    Validation *validation = g_new0(Validation, 1);
    const char *xml = spm_documents_current(call->documents, &validation->length);

    validation->valid = valid;
    validation->xml = g_strndup(xml, validation->length);
    validation->schema = g_strdup(spm_call_environment(call)->schema);
    g_task_set_task_data(task, validation, validation_free);
    g_task_run_in_thread(task, validate_in_thread);
}
