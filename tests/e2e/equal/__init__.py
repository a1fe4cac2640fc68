# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same through virtspmd as straight to libvirtd: everything that a client sees.

    suite = equal.Suite()

    @suite.scenario("a domain is started and stopped")
    def _(seen):
        connection = seen.connect()
        domain = seen.does(connection.defineXML, document)     # has to succeed
        seen.does(domain.create)
        seen.tries(domain.create)                              # may fail: then the error counts
        seen.tool("virsh", "-c", seen.uri(), "list")           # status, output, errors

    suite.main()

A scenario is written once and knows one connection URI.  It is run straight, and
again through virtspmd, from the same state: an empty libvirtd and an empty folder
at the same path.  What it has seen, step by step, has to be the same, but for what
differs between any two runs (equal/bound.py), and is shown side by side if not.

    seen.py       what a scenario sees, and does
    plain.py      results, errors and libvirt's objects as text
    bound.py      what is bound to differ, each with its reason
    suite.py      the two runs and their comparison
    world.py      the empty state that a run begins with
    watch.py      events
    bindings.py   every method of the Python bindings, and arguments for each
    relay.py      a relay that changes what passes: proof that the comparison notices

With EQUAL_SIDES=straight,straight both runs go to libvirtd: a difference then is
the suite's own.
"""

from equal.suite import Suite  # noqa: F401
