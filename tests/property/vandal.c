/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vandal.h"

#include <string.h>

#include "random_writer.h"
#include "util/spm_xml.h"

/* Values that some place of a document would take, whatever it is. */
static const char *const values[] = {
    "",       "0",       "1",       "2",    "3",       "10",     "20",       "2048",
    "4096",   "1048576", "-1",      "0-1",  "1-2",     "yes",    "shared",   "private",
    "strict", "dimm",    "nvdimm",  "KiB",  "GiB",     "spm",    "normal",   "preferred",
    "sp-mem", "pc-dimm", "1.5",     "none", "removed", "remove", "unsigned", "99999999999999999999",
    "ua-virtspm-cell0",  "ua-virtspm-cell1", "ua-virtspm-cell2",  "source memoryBacking metadata",
    "-numa",  "node,nodeid=1", "dist,src=0,dst=1,val=20", NULL,
};

static void
collect(xmlNode *node, GPtrArray *list)
{
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            g_ptr_array_add(list, child);
            collect(child, list);
        }
    }
}

static xmlAttr *
random_attribute(const xmlNode *node, GRand *dice)
{
    guint count = 0;
    xmlAttr *attr;

    for (attr = node->properties; attr; attr = attr->next)
        count++;
    if (count == 0)
        return NULL;
    attr = node->properties;
    for (int skip = random_from(dice, 0, (int)count - 1); skip > 0; skip--)
        attr = attr->next;
    return attr;
}

static void
strike(xmlNode *root, GRand *dice)
{
    g_autoptr(GPtrArray) elements = g_ptr_array_new();
    xmlNode *node;
    xmlAttr *attr;

    collect(root, elements);
    if (elements->len == 0)
        return;
    node = elements->pdata[random_from(dice, 0, (int)elements->len - 1)];
    attr = random_attribute(node, dice);
    switch (random_from(dice, 1, 6)) {
    case 1:
        xmlUnlinkNode(node);
        xmlFreeNode(node);
        break;
    case 2:
        xmlAddNextSibling(node, xmlCopyNode(node, 1));
        break;
    case 3:
        if (attr)
            xmlRemoveProp(attr);
        break;
    case 4:
        if (!spm_xml_child_ns(node, NULL, NULL))
            spm_xml_set_text(node, random_word(dice, values));
        break;
    default:
        if (attr && !attr->ns)
            xmlSetProp(node, attr->name, BAD_CAST random_word(dice, values));
        break;
    }
}

char *
vandalise(const char *xml, GRand *dice)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);

    for (int blows = random_from(dice, 1, 3); blows > 0; blows--)
        strike(xmlDocGetRootElement(doc), dice);
    return spm_xml_format(doc, '\'');
}
