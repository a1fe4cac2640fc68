/*
 * fixture.h: a classified host from the text of a tree
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_classify.h"

G_BEGIN_DECLS

/* @config: the content of a configuration file, or NULL. Ends the test when
 * the tree or the configuration is malformed. */
SpmHost *spm_fixture_host(const char *tree, const char *config);

G_END_DECLS
