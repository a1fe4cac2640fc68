# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains to define."""

EMULATOR = "/usr/bin/qemu-system-x86_64"


def plain(name="plain", uuid="", devices="", os="", rest="", emulator=EMULATOR,
          on_reboot="destroy"):
    """A small domain that has nothing to do with SPM."""
    return f"""<domain type='qemu'>
  <name>{name}</name>
  {uuid and f'<uuid>{uuid}</uuid>'}
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type>{os}</os>
  <features><acpi/></features>
  <on_reboot>{on_reboot}</on_reboot>
  {rest}
  <devices>
    <emulator>{emulator}</emulator>
    <controller type='usb' model='none'/>
    {devices}
    <memballoon model='none'/>
  </devices>
</domain>
"""


def ordinary_cell(mib=512, cpus="0-1"):
    return f"<cell id='0' cpus='{cpus}' memory='{mib}' unit='MiB'/>"


def spm_cell(mib=256, id=1):
    return f"<cell id='{id}' memory='{mib}' unit='MiB' memmapType='spm'/>"


# Firmware that passes soft-reserved memory on to the guest: the one that a user
# would choose, and one that boots at once.
UEFI = ("<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>"
        "<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'/>")
QBOOT = "<loader type='rom'>/usr/share/qemu/qboot.rom</loader>"


def spm(name="hbm", cells=ordinary_cell() + spm_cell(), interconnects="", os=QBOOT, backing="",
        devices="", rest="", memory=768, emulator=EMULATOR):
    """An ordinary cell that has the vCPUs, and an SPM cell."""
    return f"""<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <memoryBacking>{backing}<source type='memfd'/></memoryBacking>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type>{os}</os>
  <features><acpi/></features>
  <cpu mode='maximum'><numa>{cells}{interconnects}</numa></cpu>
  <on_reboot>destroy</on_reboot>
  {rest}
  <devices>
    <emulator>{emulator}</emulator>
    <controller type='usb' model='none'/>
    {devices}
    <memballoon model='none'/>
  </devices>
</domain>
"""


def disk(path):
    return (f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{path}'/>"
            "<target dev='vda' bus='virtio'/></disk>")
