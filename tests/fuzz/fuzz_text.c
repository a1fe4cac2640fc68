/*
 * fuzz_text: the small languages: node sets, masks, sizes, aliases, command lines
 *
 * Every parser gets the whole input. What is taken comes back the same when it is
 * written and read again.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include "qemu/qemu_domain.h"
#include "util/spm_nodeset.h"
#include "util/spm_size.h"
#include "util/spm_xml.h"

#include <string.h>

/* Longer ones find nothing new and take long. */
#define INPUT_MAX 4096

static void
as_nodeset(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNodeset) set = spm_nodeset_parse(text, &error);
    g_autoptr(SpmNodeset) mask = spm_nodeset_parse_mask(text, NULL);
    g_autoptr(SpmNodeset) again = NULL;
    g_autofree char *written = NULL;
    guint count = 0;

    check(set ? !error : error && error->message[0]);
    if (mask)
        check(spm_nodeset_count(mask) <= SPM_NODESET_MAX);
    if (!set)
        return;
    written = spm_nodeset_format(set);
    again = spm_nodeset_parse(written, NULL);
    check(again && spm_nodeset_equal(set, again));
    for (int n = spm_nodeset_next(set, 0); n >= 0; n = spm_nodeset_next(set, (guint)n + 1)) {
        check(n < SPM_NODESET_MAX && spm_nodeset_has(set, (guint)n));
        count++;
    }
    check(count == spm_nodeset_count(set) && (count == 0) == spm_nodeset_is_empty(set));
    if (mask) {
        spm_nodeset_union(again, mask);
        check(spm_nodeset_contains(again, set) && spm_nodeset_contains(again, mask));
        spm_nodeset_subtract(again, mask);
        check(!spm_nodeset_intersects(again, mask));
    }
}

/* "NUMBER UNIT" */
static void
as_size(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 2);
    g_autoptr(GError) error = NULL;
    guint64 bytes, number;

    spm_parse_uint64(text, &number);
    if (!words[0])
        return;
    if (spm_size_parse(words[0], words[1], &bytes, &error)) {
        g_autofree char *written = spm_size_format(bytes);
        g_auto(GStrv) parts = g_strsplit(written, " ", 2);

        check(!error);
        check(spm_size_parse(parts[0], parts[1], &number, NULL) && number == bytes);
    } else {
        check(error && error->message[0]);
    }
}

static void
as_alias(const char *text)
{
    g_autofree char *written = NULL;
    guint cell;

    if (!spm_domain_alias_is_spm(text, &cell))
        return;
    written = g_strdup_printf("ua-virtspm-cell%u", cell);
    check(g_str_equal(written, text));
}

/* What was read and written says the same. */
static void
as_xml(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse(text, strlen(text), &error);
    g_autofree char *written = NULL;
    g_autofree char *where = NULL;
    g_autoptr(xmlDoc) again = NULL;

    check(doc ? !error : error && error->message[0]);
    if (!doc)
        return;
    written = spm_xml_format(doc, spm_xml_quote(text, strlen(text)));
    again = spm_xml_parse(written, strlen(written), NULL);
    if (!again || !spm_xml_equal(doc, again, &where))
        broken("it differs at %s when it has been written:\n%s", where ? where : "the start", written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = NULL;

    if (size > INPUT_MAX)
        return 0;
    text = g_strndup((const char *)data, size);
    as_nodeset(text);
    as_size(text);
    as_alias(text);
    as_xml(text);
    spm_libvirt_probe_memoryless(text);
    return 0;
}
