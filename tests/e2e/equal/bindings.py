# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every method that the Python bindings offer, and arguments to call it with.

Methods and their parameters are read from the installed bindings.  A value for a
parameter is found by its name (VALUES), or for one method by the method's
(ARGUMENTS).  A method with a parameter of an unknown name cannot be called, and is
told: a new libvirt's method is a decision to be made here.
"""

import contextlib
import inspect
import json

import libvirt

CLASSES = ("virConnect", "virDomain", "virDomainSnapshot", "virDomainCheckpoint",
           "virNetwork", "virNetworkPort", "virInterface", "virStoragePool",
           "virStorageVol", "virNodeDevice", "virSecret", "virNWFilter",
           "virNWFilterBinding", "virStream")

FOREIGN_UUID = "7a5f0000-0000-4000-8000-0000000000ff"

# What takes a value of the run itself, by name: equal/bindings.py knows no objects.
CONNECTION, STREAM, VOLUME, SNAPSHOT = "the connection", "a new stream", "the volume", "the snapshot"


class Object:
    """An argument that is an object of the run."""

    def __init__(self, kind):
        self.kind = kind


def returns(value):
    def handler(*_):
        return value
    handler.__qualname__ = f"returns({value!r})"
    return handler


DISK = ("<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        "<source file='/var/lib/libvirt/equal/more.raw'/><target dev='vdb' bus='virtio'/></disk>")
CPU = ("<cpu><arch>x86_64</arch><model>qemu64</model><vendor>AMD</vendor>"
       "<topology sockets='1' cores='1' threads='1'/></cpu>")
NETWORK = ("<network><name>another</name><uuid>7a5f0000-0000-4000-8000-000000000013</uuid>"
           "<bridge name='virbr7'/><ip address='10.7.0.1' netmask='255.255.255.0'/></network>")
POOL = ("<pool type='dir'><name>another</name><uuid>7a5f0000-0000-4000-8000-000000000014</uuid>"
        "<target><path>/var/lib/libvirt/equal/another</path></target></pool>")
VOLUME_XML = ("<volume><name>another</name><capacity>8192</capacity>"
              "<target><path>/var/lib/libvirt/equal/pool/another</path></target></volume>")
INTERFACE = ("<interface type='ethernet' name='eth9'><start mode='none'/>"
             "<mac address='52:54:00:00:00:09'/></interface>")
SECRET = ("<secret ephemeral='no' private='no'><uuid>7a5f0000-0000-4000-8000-000000000015</uuid>"
          "<usage type='volume'><volume>/another</volume></usage></secret>")
NWFILTER = ("<filter name='another' chain='root'>"
            "<uuid>7a5f0000-0000-4000-8000-000000000016</uuid></filter>")
VPORT = ("<device><parent>test-scsi-host-vport</parent><capability type='scsi_host'>"
         "<capability type='fc_host'><wwnn>2000000012345678</wwnn><wwpn>1000000087654321</wwpn>"
         "</capability></capability></device>")
SNAPSHOT_XML = "<domainsnapshot><name>another</name></domainsnapshot>"
CHECKPOINT_XML = "<domaincheckpoint><name>another</name></domaincheckpoint>"


def domain_xml(kind, name="another", uuid="7a5f0000-0000-4000-8000-000000000012"):
    return (f"<domain type='{kind}'><name>{name}</name><uuid>{uuid}</uuid>"
            "<memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>")


# By the name of the parameter.
VALUES = {
    "flags": 0, "xml": DISK, "xmlDesc": None, "dxml": None, "uuid": bytes(16),
    "uuidstr": FOREIGN_UUID, "name": "on", "id": 1, "cb": returns(0), "opaque": None,
    "callbackID": 0, "params": {}, "arch": "x86_64", "emulator": "/usr/bin/qemu-system-x86_64",
    "emulatorbin": "/usr/bin/qemu-system-x86_64", "machine": "q35", "virttype": "qemu",
    "xmlCPUs": [CPU], "xmlCPU": CPU, "pages": [4], "startCell": 0, "maxCells": 1, "cellCount": 1,
    "nativeFormat": "qemu-argv", "nativeConfig": "qemu-system-x86_64 -m 64", "type": 0,
    "srcSpec": None, "cpuNum": 0, "cellNum": 0, "macstr": "aa:bb:cc:dd:ee:ff", "cap": None,
    "wwnn": "2000000012341234", "wwpn": "1000000012341234", "portdev": "vnet0",
    "frm": "/var/lib/libvirt/equal/image", "file": "/var/lib/libvirt/equal/image",
    "to": "/var/lib/libvirt/equal/image", "usageType": libvirt.VIR_SECRET_USAGE_TYPE_VOLUME,
    "usageID": "/another", "interval": 60, "count": 5, "path": "vda", "key": "key",
    "files": [], "stats": 0, "net": None, "dom": None, "pool": None, "dev": None, "secret": None,
    "eventID": 0, "iothread_id": 3, "iothread_val": 1, "timeout": 5, "device": "testnet0",
    "user": "root", "keys": ["ssh-ed25519 AAAA a"], "bandwidth": 0, "disk": "vda", "base": None,
    "top": None, "offset": 0, "size": 16, "start": 0, "dumpformat": 0, "group": "throttle",
    "alias": "ua-nothing", "mountPoint": None, "mountpoints": None, "minimum": 0, "total": True,
    "types": 0, "source": 0, "uri": None, "metadata": "A title", "downtime": 100, "cacheSize": 1 << 20,
    "dconn": Object(CONNECTION), "dname": None, "duri": "qemu+unix:///nowhere", "dconnuri": None,
    "miguri": None, "st": Object(STREAM), "stream": Object(STREAM), "dev_name": None, "idx": 0,
    "fd": 0, "target": 0, "duration": 0, "cpumap": (True,), "vcpu": 0, "new_name": "renamed",
    "snap": Object(SNAPSHOT), "screen": 0, "codeset": 0, "holdtime": 10, "keycodes": [30],
    "nkeycodes": 1, "pid_value": 1, "signum": 1, "autostart": 1, "threshold": 1 << 20,
    "state": 1, "action": 1, "memory": 32768, "period": 5, "nvcpus": 1, "vcpumap": "0",
    "password": "secret", "seconds": 1, "time": None, "mac": None, "command": 4, "section": 3,
    "parentIndex": -1, "xmldesc": "<networkport/>", "clonevol": Object(VOLUME), "capacity": 4096,
    "length": 0, "algorithm": 0, "driverName": None, "value": b"value", "events": 1,
    "handler": returns(-1), "holeHandler": returns((True, 0)), "skipHandler": returns(0),
    "nbytes": 1024, "data": b"data", "domainXml": None, "backupXML": "<domainbackup/>",
    "checkpointXML": None, "destxml": DISK,
}

# By method, where the name does not say enough: keyword arguments that win over VALUES.
ARGUMENTS = {
    "virConnect.allocPages": {"pages": {4: 0}},
    "virConnect.baselineCPU": {"xmlCPUs": [CPU, CPU]},
    "virConnect.findStoragePoolSources": {"type": "logical"},
    "virConnect.getMaxVcpus": {"type": "qemu"},
    "virConnect.interfaceLookupByName": {"name": "eth1"},
    "virConnect.networkLookupByName": {"name": "net"},
    "virConnect.nwfilterLookupByName": {"name": "filter"},
    "virConnect.nodeDeviceLookupByName": {"name": "computer"},
    "virConnect.storagePoolLookupByName": {"name": "pool"},
    "virConnect.storagePoolLookupByTargetPath": {"path": "/var/lib/libvirt/equal/pool"},
    "virConnect.storageVolLookupByKey": {"key": "/var/lib/libvirt/equal/pool/vol"},
    "virConnect.storageVolLookupByPath": {"path": "/var/lib/libvirt/equal/pool/vol"},
    "virConnect.interfaceDefineXML": {"xml": INTERFACE},
    "virConnect.networkCreateXML": {"xmlDesc": NETWORK},
    "virConnect.networkCreateXMLFlags": {"xmlDesc": NETWORK},
    "virConnect.networkDefineXML": {"xml": NETWORK},
    "virConnect.networkDefineXMLFlags": {"xml": NETWORK},
    "virConnect.nodeDeviceCreateXML": {"xmlDesc": VPORT},
    "virConnect.nodeDeviceDefineXML": {"xmlDesc": VPORT},
    "virConnect.nwfilterBindingCreateXML": {"xml": "<filterbinding/>"},
    "virConnect.nwfilterDefineXML": {"xmlDesc": NWFILTER},
    "virConnect.nwfilterDefineXMLFlags": {"xmlDesc": NWFILTER},
    "virConnect.secretDefineXML": {"xml": SECRET},
    "virConnect.storagePoolCreateXML": {"xmlDesc": POOL},
    "virConnect.storagePoolDefineXML": {"xml": POOL},
    "virConnect.compareCPU": {"xmlDesc": CPU},
    "virConnect.domainListGetStats": {"doms": []},
    "virConnect.restoreParams": {"params": {"file": "/var/lib/libvirt/equal/image"}},
    "virConnect.setIdentity": {"params": {"user-name": "root", "unix-user-id": 0}},
    "virConnect.setMemoryParameters": {"params": {"shm_pages_to_scan": 100}},
    "virDomain.FDAssociate": {"name": "group"},
    "virDomain.authorizedSSHKeysSet": {},
    "virDomain.checkpointCreateXML": {"xmlDesc": CHECKPOINT_XML},
    "virDomain.checkpointLookupByName": {"name": "c"},
    "virDomain.snapshotCreateXML": {"xmlDesc": SNAPSHOT_XML},
    "virDomain.snapshotLookupByName": {"name": "s"},
    "virDomain.openChannel": {"name": "org.example.0"},
    "virDomain.saveParams": {"params": {"file": "/var/lib/libvirt/equal/image"}},
    "virDomain.setBlkioParameters": {"params": {"weight": 500}},
    "virDomain.setBlockIoTune": {"params": {"total_bytes_sec": 1 << 20}},
    "virDomain.setGuestVcpus": {"cpumap": "0"},
    "virDomain.setIOThreadParams": {"params": {"poll_max_ns": 1000}},
    "virDomain.setMemoryParameters": {"params": {"hard_limit": 1 << 20}},
    "virDomain.setInterfaceParameters": {"params": {"inbound.average": 100}},
    "virDomain.setNumaParameters": {"params": {"numa_nodeset": "0"}},
    "virDomain.setPerfEvents": {"params": {"cmt": False}},
    "virDomain.setSchedulerParameters": {"params": {"weight": 50}},
    "virDomain.setSchedulerParametersFlags": {"params": {"weight": 50}},
    "virDomain.setThrottleGroup": {"params": {"total_bytes_sec": 1 << 20}},
    "virDomain.setLaunchSecurityState": {"params": {"sev-secret": "c2VjcmV0"}},
    "virDomain.setMetadata": {"type": 1, "key": None},
    "virDomain.metadata": {"type": 1},
    "virNetwork.setMetadata": {"type": 1, "key": None},
    "virNetwork.metadata": {"type": 1},
    "virNetwork.update": {"xml": "<host mac='52:54:00:00:00:08' ip='192.168.122.130'/>"},
    "virNetworkPort.setParameters": {"params": {"inbound.average": 100}},
    "virNodeDevice.update": {"xmlDesc": VPORT},
    "virStoragePool.createXML": {"xmlDesc": VOLUME_XML},
    "virStoragePool.createXMLFrom": {"xmlDesc": VOLUME_XML},
    "virStoragePool.storageVolLookupByName": {"name": "vol"},
    "virStream.recvAll": {"handler": returns(0)},
    "virStream.sendAll": {"handler": returns(b"")},
    "virStream.sparseRecvAll": {"handler": returns(0), "holeHandler": returns(0)},
    "virStream.sparseSendAll": {"handler": returns(b"")},
    "virDomain.migrate3": {"params": {}},
    "virDomain.migrateToURI3": {"dconnuri": "qemu+unix:///nowhere", "params": {}},
    "virDomain.migrateToURI2": {"dconnuri": "qemu+unix:///nowhere"},
}


def methods(classes=CLASSES):
    """(class, method) of all that the bindings offer."""
    return [(name, method) for name in classes
            for method, function in sorted(vars(getattr(libvirt, name)).items())
            if not method.startswith("_") and inspect.isfunction(function)]


class Unknown(Exception):
    """A parameter that there is no value for."""


def sensible(kind, method, documents):
    """Arguments that make sense, {parameter: value}; `documents` are what differs
    between drivers, by parameter."""
    name = f"{kind}.{method}"
    own = ARGUMENTS.get(name, {})
    chosen = {}
    for parameter in list(inspect.signature(getattr(getattr(libvirt, kind), method)).parameters)[1:]:
        if parameter in own:
            chosen[parameter] = own[parameter]
        elif parameter in documents:
            chosen[parameter] = documents[parameter]
        elif kind == "virConnect" and method.startswith("defineXML") and parameter == "xml":
            chosen[parameter] = documents["xmlDesc"]
        elif parameter in VALUES:
            chosen[parameter] = VALUES[parameter]
        else:
            raise Unknown(f"{name} has a parameter '{parameter}': give it a value in "
                          f"{__name__.replace('.', '/')}.py")
    return chosen


# Instead of a sensible value, by its type.
WRONG = {
    str: ("", "no such thing \u20ac", "x" * 70000),
    bytes: (b"", bytes(range(256))),
    int: (-1, 1 << 31, (1 << 31) - 1, 0x5a5a),
    bool: (2,),
    dict: ({"no-such-parameter": 1}, {}),
    list: ([], ["<nothing/>"] * 300),
    tuple: ((), (False,), (True,) * 3),
    type(None): ("no such thing", 7),
    Object: (None,),
}
# Where a wrong value would never reach libvirtd.
NOT_WRONG = {
    ("virDomain.migrate3", "dconn"): "the client library ends with a segmentation fault",
    ("virStream.recv", "nbytes"): "the same, and the number is not sent",
    ("virStream.recvFlags", "nbytes"): "the same",
}
# Flags come in bits: one that there is not, and those that most calls have.
FLAGS = (1 << 31, *(1 << bit for bit in range(6)))


def wrong(kind, method, arguments, most=None):
    """Argument sets each with one wrong value, of each parameter `most` at most."""
    for parameter, value in arguments.items():
        if (f"{kind}.{method}", parameter) in NOT_WRONG or parameter in ("cb", "opaque"):
            continue
        values = FLAGS if parameter == "flags" else WRONG.get(type(value), ())
        for bad in values[:most]:
            yield {**arguments, parameter: bad}


def turn():
    """Run libvirt's event loop once: it closes then what has been closed before.

    It is not run in a thread, as it is not safe against thousands of connections that
    come and go in another."""
    over = []
    timer = libvirt.virEventAddTimeout(0, lambda *_: over.append(True), None)
    while not over:
        libvirt.virEventRunDefaultImpl()
    libvirt.virEventRemoveTimeout(timer)


class Objects:
    """One object of each kind that a driver has.  `of(kind)` makes it."""

    connection = None
    # Which of its domains, for the names of steps.
    domain = ""

    def of(self, kind):
        raise NotImplementedError

    def stream(self, flags=0):
        """One that ends with the call that it is for."""
        self.streams.append(self.connection.newStream(flags))
        return self.streams[-1]

    def argument(self, value):
        """A value, or the object that it stands for."""
        if not isinstance(value, Object):
            return value
        if value.kind == CONNECTION:
            return self.connection
        if value.kind == STREAM:
            return self.stream()
        return self.of({VOLUME: "virStorageVol", SNAPSHOT: "virDomainSnapshot"}[value.kind])

    def call(self, seen, kind, method, arguments):
        """One call; how it ends is a step."""
        self.streams = []
        try:
            target = self.of(kind)
            words = {name: self.argument(value) for name, value in arguments.items()}
            seen.named(f"{self.domain}: {kind}.{method}({shown(arguments)})",
                       getattr(target, method), **words)
        finally:
            self.end_streams()

    def end_streams(self):
        """A client that leaves with a screenshot's stream open ends libvirtd sooner or
        later (11.3 hangs, 12.8 corrupts its heap), whichever way it came."""
        for stream in self.streams:
            # Most were never begun, or have ended.
            with contextlib.suppress(libvirt.libvirtError):
                stream.abort()


def shown(arguments):
    """For the name of a step."""
    return ", ".join(f"{name}={value.kind if isinstance(value, Object) else brief(value)}"
                     for name, value in arguments.items())


def brief(value):
    text = value.__qualname__ if callable(value) else (
        json.dumps(value) if isinstance(value, (str, dict, list)) else repr(value))
    return text if len(text) < 60 else f"{text[:40]}... ({len(text)})"
