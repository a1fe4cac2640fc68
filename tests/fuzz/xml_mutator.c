/*
 * xml_mutator.c: mutations of XML that stay XML
 *
 * For targets whose input is one byte and a document. Changing bytes at random
 * mostly breaks a document before it gets anywhere; so two of three mutations
 * happen in its tree: elements and attributes go, come twice, change places, names,
 * values and namespaces, and parts of one document get into another.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
                                 uint8_t *out, size_t max_size, unsigned int seed);

#define QEMU "http://libvirt.org/schemas/domain/qemu/1.0"
#define OURS "urn:virtspm:domain:1"

/* Elements that matter to lowering and raising, as somebody could add them. */
static const char *const pieces[] = {
    "<cell id='2' memory='1' unit='GiB' memmapType='spm'/>",
    "<cell id='3' cpus='3' memory='0' memmapType='normal'/>",
    "<cell memory='18446744073709551615' unit='E' memmapType='reserved' memAccess='private' discard='no'/>",
    "<distances><sibling id='0' value='10'/><sibling id='2' value='255'/></distances>",
    "<interconnects><latency initiator='0' target='1' type='access' value='5'/>"
    "<bandwidth initiator='0' target='1' type='access' value='204800' unit='KiB'/></interconnects>",
    "<cache level='1' associativity='direct' policy='writeback'><size value='10' unit='KiB'/>"
    "<line value='8' unit='B'/></cache>",
    "<numatune><memory mode='strict' nodeset='0'/><memnode cellid='1' mode='strict' nodeset='1'/></numatune>",
    "<memnode cellid='0' mode='preferred' nodeset='0-3,^2'/>",
    "<memory mode='strict' placement='auto'/>",
    "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>",
    "<page size='1' unit='GiB' nodeset='0-1'/>",
    "<access mode='shared'/>",
    "<allocation mode='immediate' threads='2'/>",
    "<source type='memfd'/>",
    "<source><nodemask>1</nodemask><pagesize unit='KiB'>2048</pagesize></source>",
    "<maxMemory slots='16' unit='GiB'>4</maxMemory>",
    "<memory model='dimm' access='shared'><target><size unit='KiB'>1048576</size><node>1</node></target>"
    "<alias name='ua-virtspm-cell1'/></memory>",
    "<memory model='nvdimm'><source><path>/dev/dax0.0</path><alignsize unit='KiB'>2048</alignsize></source>"
    "<target><size unit='KiB'>1048576</size><node>1</node></target></memory>",
    "<qemu:override xmlns:qemu='" QEMU "'><qemu:device alias='ua-virtspm-cell1'><qemu:frontend>"
    "<qemu:property name='driver' type='string' value='sp-mem'/><qemu:property name='slot' type='remove'/>"
    "</qemu:frontend></qemu:device></qemu:override>",
    "<qemu:property xmlns:qemu='" QEMU "' name='node' type='unsigned' value='1'/>",
    "<qemu:capabilities xmlns:qemu='" QEMU "'><qemu:del capability='thread-context'/></qemu:capabilities>",
    "<qemu:commandline xmlns:qemu='" QEMU "'><qemu:arg value='-numa'/><qemu:arg value='node,nodeid=1'/></qemu:commandline>",
    "<metadata><virtspm:domain xmlns:virtspm='" OURS "' added='xmlns override metadata'/></metadata>",
    "<virtspm:cell xmlns:virtspm='" OURS "' id='1' memory='1' unit='GiB' memmapType='spm'/>",
    "<virtspm:placement xmlns:virtspm='" OURS "' cell='1' nodeset='1'/>",
    "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='0' function='0'/></source></hostdev>",
    "<acpi nodeset='1'/>",
    "<domain xmlns=''/>",
    "<inactiveDomain/>",
    "<!-- note -->",
};

static const char *const values[] = {
    "", "0", "1", "2", "-1", "16383", "16384", "255", "4294967295", "4294967296", "9223372036854775807",
    "18446744073709551615", "18446744073709551616", "0x10", " 1 ", "1e3", "0-1", "0-3,^1", "1,1", "^0", "KiB", "GiB", "b", "E",
    "spm", "normal", "reserved", "strict", "preferred", "interleave", "static", "auto", "private", "shared", "yes", "no",
    "ua-virtspm-cell0", "ua-virtspm-cell4294967296", "memfd", "file", "anonymous", "dimm", "nvdimm", "virtio-mem", QEMU, OURS,
    "x86_64", "aarch64", "q35", "pc", "efi", "&#10;", "a'b\"c", "\xc3\xa9",
};

static const char *const attributes[] = {
    "id", "cpus", "memory", "unit", "memmapType", "memAccess", "discard", "nodeset", "cellid", "mode", "placement", "size",
    "slots", "model", "access", "name", "type", "value", "alias", "added", "at", "of", "bytes", "pages", "level", "target",
    "initiator", "capability", "threads", "current", "cache",
};

/* A small generator: the fuzzer's own is not to be had, and rand() is everybody's. */
static guint32
next(guint32 *state, guint32 limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

static void
collect(xmlNode *node, GPtrArray *nodes)
{
    for (; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        g_ptr_array_add(nodes, node);
        collect(node->children, nodes);
    }
}

static xmlDoc *
parse(const uint8_t *data, size_t size)
{
    return xmlReadMemory((const char *)data, (int)size, NULL, NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static xmlAttr *
choose_attribute(const xmlNode *node, guint32 *state)
{
    guint count = 0;
    xmlAttr *attribute = node->properties;

    for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
        count++;
    if (count == 0)
        return NULL;
    for (guint i = next(state, count); i > 0; i--)
        attribute = attribute->next;
    return attribute;
}

static gboolean
is_inside(const xmlNode *node, const xmlNode *outer)
{
    for (; node; node = node->parent) {
        if (node == outer)
            return TRUE;
    }
    return FALSE;
}

static void
insert_piece(xmlNode *where, guint32 *state)
{
    const char *text = pieces[next(state, G_N_ELEMENTS(pieces))];
    xmlNode *list = NULL;

    if (xmlParseInNodeContext(where, text, (int)strlen(text), XML_PARSE_NOERROR, &list) == XML_ERR_OK && list)
        xmlAddChildList(where, list);
}

static void
change_attribute(xmlNode *node, guint32 *state)
{
    xmlAttr *attribute = choose_attribute(node, state);
    const char *value = values[next(state, G_N_ELEMENTS(values))];

    if (attribute && next(state, 3) > 0)
        xmlSetNsProp(node, attribute->ns, attribute->name, BAD_CAST value);
    else
        xmlSetProp(node, BAD_CAST attributes[next(state, G_N_ELEMENTS(attributes))], BAD_CAST value);
}

static void
change_namespace(xmlNode *node, xmlNode *root, guint32 *state)
{
    static const char *const prefixes[] = { "qemu", "virtspm", "q", "virtspm-qemu-1", "a:b", NULL };
    static const char *const hrefs[] = { QEMU, OURS, "urn:other", "" };
    const char *prefix = prefixes[next(state, G_N_ELEMENTS(prefixes))];
    const char *href = hrefs[next(state, G_N_ELEMENTS(hrefs))];
    xmlNode *where = next(state, 2) ? root : node;
    xmlNs *ns = xmlNewNs(where, BAD_CAST href, BAD_CAST prefix);

    if (ns && next(state, 2))
        xmlSetNs(node, ns);
}

/* Text that is not an element's only content is a mixture nobody writes. */
static void
change_text(xmlNode *node, guint32 *state)
{
    if (!xmlFirstElementChild(node))
        xmlNodeSetContent(node, BAD_CAST values[next(state, G_N_ELEMENTS(values) - 3)]);
}

/* A node that leaves an element must not keep what is declared there: the element
 * may be freed before the node is written. */
static void
settle(xmlNode *node)
{
    if (node && node->doc)
        xmlReconciliateNs(node->doc, node);
}

static void
mutate_tree(const GPtrArray *nodes, guint32 *state)
{
    xmlNode *root = nodes->pdata[0];
    xmlNode *node = nodes->pdata[next(state, nodes->len)];
    xmlNode *other = nodes->pdata[next(state, nodes->len)];
    xmlAttr *attribute;

    switch (next(state, 12)) {
    case 0:
        if (node != root) {
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        }
        break;
    case 1:
        if (node != root)
            xmlAddNextSibling(node, xmlCopyNode(node, 1));
        break;
    case 2:
        if (node != root && !is_inside(other, node)) {
            xmlUnlinkNode(node);
            settle(xmlAddChild(other, node));
        }
        break;
    case 3:
        if (node != root && other != root && !is_inside(other, node)) {
            xmlUnlinkNode(node);
            settle(xmlAddPrevSibling(other, node));
        }
        break;
    case 4:
        attribute = choose_attribute(node, state);
        if (attribute)
            xmlRemoveProp(attribute);
        break;
    case 5:
        attribute = choose_attribute(other, state);
        if (attribute && !attribute->ns) {
            xmlChar *value = xmlGetNoNsProp(other, attribute->name);

            xmlSetProp(node, attribute->name, value);
            xmlFree(value);
        }
        break;
    case 6:
        xmlNodeSetName(node, other->name);
        break;
    case 7:
        change_namespace(node, root, state);
        break;
    case 8:
        change_text(node, state);
        break;
    case 9:
    case 10:
        change_attribute(node, state);
        break;
    default:
        insert_piece(node, state);
        break;
    }
}

static size_t
write_document(xmlDoc *doc, uint8_t *data, size_t max_size)
{
    xmlBuffer *buffer = xmlBufferCreate();
    size_t size = 0;

    if (xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0) > 0 && (size_t)xmlBufferLength(buffer) < max_size) {
        size = xmlBufferLength(buffer);
        memcpy(data + 1, xmlBufferContent(buffer), size++);
    }
    xmlBufferFree(buffer);
    return size;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    guint32 state = seed | 1;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    xmlDoc *doc = size > 1 && next(&state, 3) > 0 ? parse(data + 1, size - 1) : NULL;
    size_t new_size = 0;

    if (doc) {
        for (guint i = next(&state, 3); i < 3; i++) {
            g_ptr_array_set_size(nodes, 0);
            collect(xmlDocGetRootElement(doc), nodes);
            mutate_tree(nodes, &state);
        }
        new_size = write_document(doc, data, max_size);
        xmlFreeDoc(doc);
        if (new_size > 0 && next(&state, 16) == 0)
            data[0] ^= 1 << next(&state, 8);
    }
    return new_size > 0 ? new_size : LLVMFuzzerMutate(data, size, max_size);
}

/* An element of the second document gets into the first. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                          size_t max_size, unsigned int seed)
{
    guint32 state = seed | 1;
    g_autoptr(GPtrArray) to = g_ptr_array_new();
    g_autoptr(GPtrArray) from = g_ptr_array_new();
    xmlDoc *first = size1 > 1 ? parse(data1 + 1, size1 - 1) : NULL;
    xmlDoc *second = size2 > 1 ? parse(data2 + 1, size2 - 1) : NULL;
    size_t size = 0;

    if (first && second && max_size > 1) {
        xmlNode *copy;

        collect(xmlDocGetRootElement(first), to);
        collect(xmlDocGetRootElement(second), from);
        copy = xmlDocCopyNode(from->pdata[next(&state, from->len)], first, 1);
        xmlAddChild(to->pdata[next(&state, to->len)], copy);
        out[0] = data1[0];
        size = write_document(first, out, max_size);
    }
    xmlFreeDoc(first);
    xmlFreeDoc(second);
    return size;
}
