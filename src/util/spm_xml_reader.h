/*
 * spm_xml_reader.h: libxml2's parser, made once and used again
 *
 * A parser and its dictionary of names cost as much to make as a small document to
 * read. So each thread keeps one, as long as the dictionary stays small: what a document
 * put into it stays there.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/* spm_xml_parse() without what it checks first: the length, NUL bytes, memory. */
xmlDoc *spm_xml_read(const char *xml, gsize length, GError **error);

G_END_DECLS
