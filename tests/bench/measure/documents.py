# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains of a given size, as libvirt writes them: the more devices, the longer."""

from lib import domains

HEAD = """<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <metadata>
    <app:owner xmlns:app="http://example.org/app/1.0">somebody</app:owner>
  </metadata>
  <memory unit='MiB'>{memory}</memory>
  <currentMemory unit='MiB'>{memory}</currentMemory>
  <memoryBacking>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>/usr/share/qemu/qboot.rom</loader>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='maximum' check='none'>
    <numa>
      <cell id='0' cpus='0-1' memory='512' unit='MiB'/>
{spm}    </numa>
  </cpu>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='pit' tickpolicy='delay'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>{emulator}</emulator>
    <controller type='usb' index='0' model='none'/>
    <controller type='pci' index='0' model='pcie-root'/>
"""
TAIL = """    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
    <memballoon model='none'/>
  </devices>
</domain>
"""
SPM = "      <cell id='1' memory='256' unit='MiB' memmapType='spm'/>\n"
DEVICE = """    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='native'/>
      <source file='/var/lib/libvirt/images/disk-{number}.img'/>
      <target dev='sd{letters}' bus='scsi'/>
      <address type='drive' controller='{controller}' bus='0' target='0' unit='{unit}'/>
    </disk>
"""


def letters(number):
    """a, b, ..., z, aa, ab, ..."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def domain(kib, spm, name="bench", uuid="8f0f7e1c-34c5-4b0a-9d0b-5f5f3f0c1b02"):
    """Of about this many KiB, and at least one without disks."""
    text = HEAD.format(name=name, uuid=uuid, memory=768 if spm else 512, spm=SPM if spm else "",
                       emulator=domains.EMULATOR)
    number = 0
    while len(text) + len(TAIL) + len(DEVICE) <= kib * 1024:
        text += DEVICE.format(number=number, letters=letters(number), controller=number // 7,
                              unit=number % 7)
        number += 1
    return text + TAIL
