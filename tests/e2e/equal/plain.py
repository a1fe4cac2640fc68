# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as text: two that are equal are equal for any client."""

import hashlib

import libvirt

# Longer ones are shown by their length and their digest.
SHOWN = 256


def plain(value):
    """The text of a value of any kind that the bindings take or return."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return "{" + ", ".join(f"{plain(key)}: {plain(item)}"
                               for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        ends = "[]" if isinstance(value, list) else "()"
        return ends[0] + ", ".join(map(plain, value)) + ends[1]
    if isinstance(value, (bytes, bytearray)) and len(value) > SHOWN:
        return f"{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()}"
    if kind in OBJECTS:
        return f"{kind}({', '.join(plain(look(value)) for look in OBJECTS[kind])})"
    if callable(value):
        return getattr(value, "__qualname__", kind)
    if kind.startswith("vir"):
        return kind
    return value if isinstance(value, str) and "\n" in value else repr(value)


# What is known of an object without a call.
OBJECTS = {
    "virDomain": (libvirt.virDomain.name, libvirt.virDomain.UUIDString),
    "virNetwork": (libvirt.virNetwork.name, libvirt.virNetwork.UUIDString),
    "virNetworkPort": (libvirt.virNetworkPort.UUIDString,),
    "virInterface": (libvirt.virInterface.name, libvirt.virInterface.MACString),
    "virStoragePool": (libvirt.virStoragePool.name, libvirt.virStoragePool.UUIDString),
    "virStorageVol": (libvirt.virStorageVol.name, libvirt.virStorageVol.key),
    "virNodeDevice": (libvirt.virNodeDevice.name,),
    "virSecret": (libvirt.virSecret.UUIDString, libvirt.virSecret.usageType,
                  libvirt.virSecret.usageID),
    "virNWFilter": (libvirt.virNWFilter.name, libvirt.virNWFilter.UUIDString),
    "virNWFilterBinding": (libvirt.virNWFilterBinding.portDev,
                           libvirt.virNWFilterBinding.filterName),
    "virDomainSnapshot": (libvirt.virDomainSnapshot.getName,),
    "virDomainCheckpoint": (libvirt.virDomainCheckpoint.getName,),
}

ERROR_PARTS = ("code", "domain", "level", "message", "str1", "str2", "str3", "int1", "int2")


def error(raised):
    """Every part of a libvirt error; the type and the words of any other."""
    if not isinstance(raised, libvirt.libvirtError):
        return f"raises {type(raised).__name__}: {raised}"
    parts = dict(zip(ERROR_PARTS, (
        raised.get_error_code(), raised.get_error_domain(), raised.get_error_level(),
        raised.get_error_message(), raised.get_str1(), raised.get_str2(), raised.get_str3(),
        raised.get_int1(), raised.get_int2())))
    return "fails: " + ", ".join(f"{name}={part!r}" for name, part in parts.items())
