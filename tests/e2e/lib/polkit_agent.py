# SPDX-License-Identifier: LGPL-2.1-or-later
"""An agent, through which polkit asks a person about one process.

    polkit_agent.py [silent | dismiss | fail]

Reads the process id, and prints what happens: registered, begin ACTION, cancel. The person
says nothing, closes the dialog, or does not know the password.
"""

import sys

from gi.repository import Gio, GLib

MANNER = sys.argv[1] if len(sys.argv) > 1 else "silent"
INTERFACE = """
<node><interface name='org.freedesktop.PolicyKit1.AuthenticationAgent'>
  <method name='BeginAuthentication'>
    <arg direction='in' type='s'/><arg direction='in' type='s'/><arg direction='in' type='s'/>
    <arg direction='in' type='a{ss}'/><arg direction='in' type='s'/>
    <arg direction='in' type='a(sa{sv})'/>
  </method>
  <method name='CancelAuthentication'><arg direction='in' type='s'/></method>
</interface></node>
"""
PATH = "/org/freedesktop/PolicyKit1/AuthenticationAgent"


def say(*words):
    print(*words, flush=True)


def called(_connection, _sender, _path, _interface, method, arguments, invocation):
    if method == "BeginAuthentication":
        say("begin", arguments.unpack()[0])
        if MANNER == "dismiss":
            invocation.return_dbus_error("org.freedesktop.PolicyKit1.Error.Cancelled", "dismissed")
        elif MANNER == "fail":
            invocation.return_value(None)
    else:
        say("cancel")
        invocation.return_value(None)


def start_time(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])


pid = int(sys.stdin.readline())
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], called, None, None)
subject = ("unix-process", {"pid": GLib.Variant("u", pid), "start-time": GLib.Variant("t", start_time(pid))})
bus.call_sync("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
              "org.freedesktop.PolicyKit1.Authority", "RegisterAuthenticationAgent",
              GLib.Variant("((sa{sv})ss)", (subject, "C", PATH)), None, 0, -1)
say("registered")
GLib.MainLoop().run()
