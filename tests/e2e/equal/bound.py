# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is bound to differ between any two runs, whoever stands between.

Each rule says what it replaces and why; it names the place, so that nothing else
is lost.  A rule that a scenario needs alone is passed to it (`scenario(bound=...)`).
"""

import collections
import re

Rule = collections.namedtuple("Rule", "name pattern replacement")


def rule(name, pattern, replacement):
    return Rule(name, re.compile(pattern), replacement)


COMMON = (
    # libvirtd counts the starts of domains from its own start on.
    rule("the id of a running domain, in its XML", r"(<domain [^>]*\bid=')\d+'", r"\1ID'"),
    rule("the id of a running domain, in names made of it", r"\bdomain-\d+-", "domain-ID-"),
    # The kernel hands out the next one that is free.
    rule("a pseudo-terminal", r"/dev/pts/\d+", "/dev/pts/N"),
    rule("when QEMU complained", r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z qemu", "TIME qemu"),
    # virtspmd says which kinds of SPM an emulator can do: it is there for that.
    rule("virtspmd's own element of domain capabilities",
         r"(?s)  <numa supported='[a-z]*'>(?:(?!</numa>).)*memmapType(?:(?!</numa>).)*</numa>\n", ""),
    # And which of the host's nodes can stand behind it.
    rule("virtspmd's own element of the host's capabilities",
         r"(?s)    <spm>(?:(?!</spm>).)*</spm>\n", ""),
)

# ---- for scenarios that need them ----

CREATED = rule("when a snapshot or a checkpoint was made",
               r"(<creationTime>|<name>)\d{10}(</)", r"\1TIME\2")
FILLED = rule("how full the file system of a pool is",
              r"(</uuid>\n  <capacity unit='bytes'>)\d+(</capacity>\n  <allocation unit='bytes'>)\d+"
              r"(</allocation>\n  <available unit='bytes'>)\d+", r"\1N\2N\3N")


def apply(text, rules):
    for _, pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text
