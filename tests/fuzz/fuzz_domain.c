/*
 * fuzz_domain: lowering and raising of hostile domain XML
 *
 * The first byte of an input says what the host is like, the rest is the
 * document. It is taken as a user's document, as one with domains inside, as stock
 * XML, as a device and as domain capabilities. Whatever it is, nothing crashes or leaks; where
 * lowering succeeds, raising gives the document back; and that parts of a document stay text
 * makes no difference.
 * Seeds: corpus/domain, made from the golden cases (tests/qemuxmlconfdata).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include <string.h>

#include "qemu/qemu_argv.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_nested.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

/* Larger documents find nothing new and take long. */
#define INPUT_MAX (64 * 1024)

/* Bits of the first byte; '7' is lowering A and '6' lowering B, with sp-mem and
 * CPUs on host node 0. */
enum {
    BIT_MEMORYLESS = 1 << 0,
    BIT_SP_MEM = 1 << 1,
    BIT_NODE_0 = 1 << 2,
    BIT_NODE_1 = 1 << 3,
};

static void
assert_same_document(const char *what, const char *actual, const char *expected)
{
    g_autoptr(xmlDoc) a = spm_xml_parse(actual, strlen(actual), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(expected, strlen(expected), NULL);
    g_autofree char *where = NULL;

    if (!a || !b || !spm_xml_equal(a, b, &where))
        broken("%s differs at %s\n--- got\n%s\n--- expected\n%s", what, where ? where : "the start", actual,
               expected);
}

/* Does text stand beside elements anywhere? No domain is written that way, and
 * libvirt drops such text; taking an element out joins what stood around it. */
static gboolean
is_mixed(const xmlNode *node)
{
    gboolean text = FALSE;
    gboolean element = FALSE;

    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && is_mixed(child))
            return TRUE;
        element = element || child->type == XML_ELEMENT_NODE;
        text = text || child->type == XML_CDATA_SECTION_NODE || child->type == XML_ENTITY_REF_NODE ||
               (child->type == XML_TEXT_NODE && !xmlIsBlankNode((xmlNode *)child));
    }
    return text && element;
}

static gboolean
has_mixed_content(const char *xml)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);

    return !doc || is_mixed(xmlDocGetRootElement(doc));
}

/* A document that was lowered comes back, and becomes the same stock XML again. */
static void
check_round_trip(const char *xml, const char *stock, const SpmLoweringContext *context)
{
    g_autofree char *raised = spm_domain_raise(stock, strlen(stock), NULL);
    g_autofree char *again = NULL;

    if (!raised)
        broken("the stock XML cannot be read\n%s", stock);
    assert_same_document("raise(lower(x))", raised, xml);
    again = spm_domain_lower(raised, strlen(raised), context, NULL);
    if (!again)
        broken("what was raised cannot be lowered\n%s", raised);
    assert_same_document("lower(raise(y))", again, stock);
    if (spm_domain_asks(stock, strlen(stock), NULL))
        broken("the stock XML still says memmapType\n%s", stock);
}

/* ---- the short cut (util/spm_xml_outline.h) ---- */

/* What a document says without any style: read as a whole and written again. */
static char *
plain(const char *xml)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);

    return doc ? spm_xml_format(doc, '\'') : NULL;
}

static void
assert_same_text(const char *what, const char *xml, char *actual, char *expected)
{
    g_autofree char *a = actual;
    g_autofree char *b = expected;

    if (g_strcmp0(a, b) != 0)
        broken("%s\n--- got\n%s\n--- expected\n%s\n--- of\n%s", what, a ? a : "nothing",
               b ? b : "nothing", xml);
}

static char *
lower_doc(xmlDoc *doc, const SpmLoweringContext *context, GError **error)
{
    return spm_domain_doc_asks(doc, error) && spm_domain_doc_lower(doc, context, error)
               ? spm_xml_format(doc, '\'')
               : NULL;
}

/* Whatever is done to a document of which parts stay text, comes of the whole document as
 * well: the same text, byte for byte, or the same error in the same line. */
static void
check_short_cut(const char *xml, const SpmLoweringContext *context)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) expected = NULL;
    g_autoptr(xmlDoc) doc = spm_domain_parse_any(xml, strlen(xml), &error);
    g_autoptr(xmlDoc) whole = spm_xml_parse(xml, strlen(xml), &expected);
    g_autoptr(xmlDoc) doc_to_raise = spm_domain_parse_any(xml, strlen(xml), NULL);
    g_autoptr(xmlDoc) whole_to_raise = spm_xml_parse(xml, strlen(xml), NULL);
    g_autofree char *text = doc ? spm_xml_format(doc, '\'') : NULL;
    g_autofree char *lowered = NULL;
    g_autofree char *lowered_whole = NULL;
    gboolean raised;

    if (doc && !whole) {
        /* What the short cut leaves for libvirt to find. */
        if (!strstr(expected->message, "redefined"))
            broken("the short cut overlooks %s\n%s", expected->message, xml);
        return;
    }
    if (!doc) {
        if (whole || !g_str_equal(error->message, expected->message))
            broken("the short cut finds %s\n%s", error->message, xml);
        return;
    }
    assert_same_text("the short cut's document", xml, plain(text), spm_xml_format(whole, '\''));
    if (!spm_xml_is(xmlDocGetRootElement(doc), "domain"))
        return;
    lowered = lower_doc(doc, context, &error);
    lowered_whole = lower_doc(whole, context, &expected);
    if (!error != !expected || (error && (!g_str_equal(error->message, expected->message) ||
                                          spm_error_line(error) != spm_error_line(expected))))
        broken("the short cut says %s, not %s\n%s", error ? error->message : "nothing",
               expected ? expected->message : "nothing", xml);
    if (lowered || lowered_whole)
        assert_same_text("lowered by the short cut", xml, plain(lowered), plain(lowered_whole));
    raised = spm_domain_doc_raise(doc_to_raise);
    if (raised != spm_domain_doc_raise(whole_to_raise))
        broken("the short cut %s raised\n%s", raised ? "is" : "is not", xml);
    if (raised) {
        g_autofree char *up = spm_xml_format(doc_to_raise, '\'');
        g_autofree char *up_whole = spm_xml_format(whole_to_raise, '\'');

        assert_same_text("raised by the short cut", xml, plain(up), plain(up_whole));
    }
}

static void
as_user_document(const char *xml, const SpmLoweringContext *context)
{
    gsize length = strlen(xml);
    g_autofree char *stock = spm_domain_lower(xml, length, context, NULL);
    gboolean asks = spm_domain_asks(xml, length, NULL);
    SpmDomainTarget *target = spm_domain_target_parse(xml, length, NULL);

    g_clear_pointer(&target, spm_domain_target_free);
    g_free(spm_qemu_memory_argv(xml, length, context, NULL));
    if (asks && !spm_domain_may_ask(xml, length))
        broken("a request is overlooked\n%s", xml);
    if (stock && asks && !has_mixed_content(xml))
        check_round_trip(xml, stock, context);
    else if (stock && !asks && !g_str_equal(stock, xml))
        broken("a document that asks for nothing is changed\n%s", stock);
}

/* The same inside of a document that is about a domain. */
static void
as_nested_document(const char *xml, const SpmLoweringContext *context)
{
    gsize length = strlen(xml);
    g_autoptr(SpmNested) nested = spm_nested_parse(xml, length, NULL);
    g_autofree char *untouched = nested ? spm_nested_format(nested) : NULL;
    g_autofree char *lowered = NULL;
    g_autofree char *raised = NULL;
    guint done = 0;

    if (!nested)
        return;
    if (!g_str_equal(untouched, xml))
        broken("a document into which nothing was put is changed\n%s", untouched);
    for (guint i = 0; i < spm_nested_count(nested); i++) {
        gsize size;
        const char *text = spm_nested_text(nested, i, &size);
        g_autofree char *stock = spm_domain_asks(text, size, NULL) ? spm_domain_lower(text, size, context, NULL) : NULL;

        if (spm_domain_asks(text, size, NULL) && !spm_domain_may_ask(xml, length))
            broken("a request inside is overlooked\n%s", xml);
        if (stock && spm_nested_put(nested, i, stock, NULL))
            done++;
    }
    lowered = spm_nested_format(nested);
    raised = spm_nested_raise(lowered, strlen(lowered), NULL);
    if (done > 0 && done == spm_nested_count(nested) && !has_mixed_content(xml)) {
        if (!raised)
            broken("the stock document cannot be read\n%s", lowered);
        assert_same_document("raise(lower(x)), inside", raised, xml);
    }
}

static void
as_stock_document(const char *xml)
{
    static const char device[] = "<memory model='dimm'><target><size unit='GiB'>1</size><node>1</node>"
                                 "</target></memory>";
    gsize length = strlen(xml);
    g_autofree char *raised = spm_domain_raise(xml, length, NULL);
    guint cell;

    spm_domain_holds_sp_mem(xml, length);
    spm_domain_is_lowering_a(xml, length);
    spm_domain_device_is_spm(xml, length, device, strlen(device), &cell);
    spm_domain_device_is_spm(xml, length, xml, length, &cell);
    if (raised && !spm_domain_may_hold(xml, length) && !g_str_equal(raised, xml))
        broken("a document without anything of ours is changed\n%s", raised);
}

static void
as_capabilities(const char *xml, const SpmQemuCaps *qemu)
{
    g_free(spm_domain_capabilities_extend(xml, strlen(xml), qemu, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SpmQemuCaps) qemu = NULL;
    g_autoptr(SpmNodeset) nodes = spm_nodeset_new();
    g_autofree char *xml = NULL;
    SpmLoweringContext context = { 0 };

    if (size < 1 || size > INPUT_MAX || memchr(data, '\0', size))
        return 0;
    qemu = spm_qemu_caps_assume(data[0] & BIT_SP_MEM ? "sp-mem" : "", NULL);
    if (data[0] & BIT_NODE_0)
        spm_nodeset_add(nodes, 0);
    if (data[0] & BIT_NODE_1)
        spm_nodeset_add(nodes, 1);
    context.qemu = qemu;
    context.memoryless_cells = (data[0] & BIT_MEMORYLESS) != 0;
    context.nodes_with_cpus = nodes;
    xml = g_strndup((const char *)data + 1, size - 1);
    check_short_cut(xml, &context);
    as_user_document(xml, &context);
    as_nested_document(xml, &context);
    as_stock_document(xml);
    as_capabilities(xml, qemu);
    return 0;
}
