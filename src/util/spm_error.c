/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/spm_error.h"

#include "util/spm_memory.h"

typedef struct {
    int line;
} SpmErrorPrivate;

static void
spm_error_private_init(SpmErrorPrivate *priv)
{
    priv->line = 0;
}

static void
spm_error_private_copy(const SpmErrorPrivate *from, SpmErrorPrivate *to)
{
    *to = *from;
}

static void
spm_error_private_clear(SpmErrorPrivate *priv)
{
}

G_DEFINE_EXTENDED_ERROR(SpmError, spm_error)

void
spm_error_set_line(GError *error, int line)
{
    if (error && error->domain == SPM_ERROR)
        spm_error_get_private(error)->line = line;
}

int
spm_error_line(const GError *error)
{
    return error->domain == SPM_ERROR ? spm_error_get_private(error)->line : 0;
}

/* The headings libvirt 12.8 prints for these codes; clients show them to people,
 * so ours read the same. */
static const struct {
    int code;
    const char *heading;
} headings[] = {
    { SPM_ERROR_INTERNAL, "internal error: %1$s" },
    { SPM_ERROR_NO_SUPPORT, "this function is not supported by the connection driver: %1$s" },
    { SPM_ERROR_INVALID_ARG, "invalid argument: %1$s" },
    { SPM_ERROR_OPERATION_FAILED, "operation failed: %1$s" },
    { SPM_ERROR_XML, "XML error: %1$s" },
    { SPM_ERROR_OPERATION_DENIED, "operation forbidden: %1$s" },
    { SPM_ERROR_XML_DETAIL, "%s" },
    { SPM_ERROR_SYSTEM, "%s" },
    { SPM_ERROR_RPC, "%s" },
    { SPM_ERROR_AUTH_FAILED, "authentication failed: %1$s" },
    { SPM_ERROR_AUTH_CANCELLED, "authentication cancelled: %1$s" },
    { SPM_ERROR_AUTH_UNAVAILABLE, "authentication unavailable: %1$s" },
    { SPM_ERROR_OPERATION_INVALID, "Requested operation is not valid: %1$s" },
    { SPM_ERROR_CONFIG_UNSUPPORTED, "unsupported configuration: %1$s" },
    { SPM_ERROR_OPERATION_UNSUPPORTED, "Operation not supported: %1$s" },
    { SPM_ERROR_RESOURCE_BUSY, "resource busy: %1$s" },
    { SPM_ERROR_XML_INVALID_SCHEMA, "XML document failed to validate against schema: %1$s" },
};

const char *
spm_error_heading(int code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(headings); i++) {
        if (headings[i].code == code)
            return headings[i].heading;
    }
    return headings[0].heading;
}

int
spm_error_number(const GError *error)
{
    return error->domain == SPM_ERROR ? error->code : SPM_ERROR_INTERNAL;
}

char *
spm_error_text(const GError *error)
{
    const char *heading = spm_error_heading(spm_error_number(error));
    const char *slot = strchr(heading, '%'); /* where the detail goes: at the end */

    return spm_strdup_printf("%.*s%s", (int)(slot - heading), heading, error->message);
}
