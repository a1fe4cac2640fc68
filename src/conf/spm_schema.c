/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/spm_schema.h"

#include <libxml/relaxng.h>

#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_xml.h"

const char *const spm_schema_default_path = SPM_SCHEMA_PATH;

/* libxml2 reports each branch that did not match; the first few say enough. */
#define MESSAGES_MAX 3

typedef struct {
    GString *text;
    guint count;
    int line;
} Report;

#if LIBXML_VERSION >= 21200
static void
collect(void *data, const xmlError *problem)
#else
static void
collect(void *data, xmlError *problem)
#endif
{
    Report *report = data;
    g_autofree char *message = g_strdup(problem->message ? problem->message : "invalid");

    if (report->count++ >= MESSAGES_MAX)
        return;
    if (report->line == 0)
        report->line = problem->line;
    spm_string_append_printf(report->text, "%s%s", report->text->len ? "; " : "", g_strstrip(message));
    if (problem->line > 0)
        spm_string_append_printf(report->text, " (line %d)", problem->line);
}

static xmlRelaxNG *
compile(const char *path, GError **error)
{
    xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
    xmlStructuredErrorFunc handler = xmlStructuredError;
    void *handler_data = xmlStructuredErrorContext;
    Report report = { .text = g_string_new(NULL) };
    xmlRelaxNG *schema = NULL;

    /* A file that cannot be read, included ones too, is not the parser's error
     * but a global one, which would be printed. */
    xmlSetStructuredErrorFunc(&report, (xmlStructuredErrorFunc)collect);
    if (parser) {
        xmlRelaxNGSetParserStructuredErrors(parser, (xmlStructuredErrorFunc)collect, &report);
        schema = xmlRelaxNGParse(parser);
        xmlRelaxNGFreeParserCtxt(parser);
    }
    xmlSetStructuredErrorFunc(handler_data, handler);
    if (!schema)
        g_set_error(error, SPM_ERROR, SPM_ERROR_INTERNAL,
                    "the schema %s cannot be read: %s; is virtspm installed whole, and libvirt's schemas with it?",
                    path, report.text->len ? report.text->str : "no such file");
    g_string_free(report.text, TRUE);
    return schema;
}

/* Compiling libvirt's grammar takes longer than validating with it. */
static xmlRelaxNG *
compiled(const char *path, GError **error)
{
    static GHashTable *cache;
    xmlRelaxNG *schema;

    if (!cache)
        cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify)xmlRelaxNGFree);
    schema = g_hash_table_lookup(cache, path);
    if (!schema && (schema = compile(path, error)))
        g_hash_table_insert(cache, g_strdup(path), schema);
    return schema;
}

gboolean
spm_schema_validate(const char *xml, gsize length, const char *path, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    Report report = { 0 };
    xmlRelaxNGValidCtxt *validator;
    xmlRelaxNG *schema;
    int result;

    if (!doc || !(schema = compiled(path ? path : spm_schema_default_path, error)))
        return FALSE;
    report.text = g_string_new(NULL);
    validator = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidStructuredErrors(validator, (xmlStructuredErrorFunc)collect, &report);
    result = xmlRelaxNGValidateDoc(validator, doc);
    xmlRelaxNGFreeValidCtxt(validator);
    if (result != 0) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_XML_INVALID_SCHEMA, "%s",
                    report.text->len ? report.text->str : "it does not match");
        if (error)
            spm_error_set_line(*error, report.line);
    }
    g_string_free(report.text, TRUE);
    return result == 0;
}
