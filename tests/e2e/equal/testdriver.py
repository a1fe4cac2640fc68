# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's test driver, with one object or more of each kind that it has.

Each connection to test:///FILE begins with what the file says and shares nothing
with another, so every call can have a connection, and a state, of its own.
(test:///default is one state for all of libvirtd's clients.)
"""

import pathlib

# Beside the folder that is emptied between runs.
FILE = pathlib.Path("/var/lib/libvirt/equal-test.xml")

UUID = "7a5f0000-0000-4000-8000-0000000000{:02}"


def domain(name, number, state):
    return f"""
<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
  {state}
  <name>{name}</name><uuid>{UUID.format(number)}</uuid>
  <title>A title</title>
  <memory>65536</memory><vcpu current='1'>2</vcpu>
  <iothreads>2</iothreads>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <source file='/guest/{name}'/><target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:01:{number:02}'/>
      <source network='net'/><target dev='testnet0'/>
    </interface>
    <serial type='pty'/>
    <graphics type='vnc' port='59{number:02}'/>
  </devices>
</domain>"""


RUNNING, OFF = "<test:runstate>1</test:runstate>", "<test:runstate>5</test:runstate>"

HOST = f"""<node>
<cpu><mhz>6000</mhz><model>i986</model><active>50</active>
  <nodes>4</nodes><sockets>4</sockets><cores>4</cores><threads>2</threads></cpu>
<memory>192029</memory>
{domain("on", 1, RUNNING)}
{domain("off", 2, OFF + '<test:hasmanagedsave/>')}
{domain("points", 3, RUNNING)}
<network>
  <name>net</name><uuid>{UUID.format(4)}</uuid><bridge name='virbr0'/><forward/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.128' end='192.168.122.253'/></dhcp>
  </ip>
</network>
<interface type='ethernet' name='eth1'>
  <start mode='onboot'/><mac address='aa:bb:cc:dd:ee:ff'/><mtu size='1492'/>
  <protocol family='ipv4'><ip address='192.168.0.5' prefix='24'/></protocol>
</interface>
<pool type='dir'>
  <name>pool</name><uuid>{UUID.format(5)}</uuid>
  <target><path>/var/lib/libvirt/equal/pool</path></target>
  <volume type='file'>
    <name>vol</name><capacity>1048576</capacity><allocation>1048576</allocation>
    <target><path>/var/lib/libvirt/equal/pool/vol</path></target>
  </volume>
</pool>
<device>
  <name>computer</name>
  <capability type='system'>
    <hardware><vendor>Libvirt</vendor><version>Test driver</version><serial>123456</serial>
      <uuid>11111111-2222-3333-4444-555555555555</uuid></hardware>
    <firmware><vendor>Libvirt</vendor><version>Test</version>
      <release_date>01/22/2007</release_date></firmware>
  </capability>
</device>
<device>
  <name>test-scsi-host-vport</name><parent>computer</parent>
  <capability type='scsi_host'>
    <host>1</host><unique_id>0</unique_id>
    <capability type='fc_host'><wwnn>2000000012341234</wwnn><wwpn>1000000012341234</wwpn>
      <fabric_wwn>2000000043214321</fabric_wwn></capability>
    <capability type='vport_ops'><max_vports>127</max_vports><vports>1</vports></capability>
  </capability>
</device>
</node>
"""


def write():
    FILE.write_text(HOST)
