#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virsh: its commands with good and bad arguments have the same status, output and
errors through virtspmd as straight."""

import equal
from equal import bound, documents, testdriver
from lib import domains, expect

suite = equal.Suite()


def commands(seen, text, uri=None, **marks):
    """Each line is a command; one that begins with ! has to fail, ? may."""
    wrong = []
    for line in filter(None, map(str.strip, text.format(folder=seen.folder, **marks).splitlines())):
        verdict, words = (line[0], line[1:]) if line[0] in "!?" else ("", line)
        done = seen.tool("virsh", "-c", uri or seen.uri(), *words.split(), must=False)
        if verdict != "?" and (done.status != 0) != (verdict == "!"):
            wrong.append(f"{words}: status {done.status}: {done.err.strip()}")
    expect.equal("\n".join(wrong), "", "commands that ended otherwise than they have to")


def write(seen, name, document):
    (seen.folder / name).write_text(document)


@suite.scenario("the host and the connection", (
        bound.rule("free memory of cells, from one moment to the next",
                   r"(?m)^( *(?:Total|\d+): +)\d+ KiB$", r"\1N KiB"),
        bound.rule("free pages of the usual size", r"(?m)^4KiB: \d+$", "4KiB: N"),
        bound.rule("use of memory and CPU", r"(?m)^(free|available|buffers|cached|user|system|idle|"
                   r"iowait|intr|usage)( *:).*", r"\1\2 N")))
def _(seen):
    commands(seen, """
        uri
        version
        version --daemon
        hostname
        ?sysinfo
        nodeinfo
        nodecpumap
        nodecpustats
        nodememstats
        capabilities
        capabilities --xpath //host/cpu/arch
        domcapabilities
        domcapabilities --virttype qemu --arch x86_64 --machine q35
        !domcapabilities --arch aarch64
        !domcapabilities --virttype nonsense
        maxvcpus
        maxvcpus qemu
        !maxvcpus nonsense
        freecell
        freecell --all
        freepages --all
        ?allocpages 4 1
        cpu-models x86_64
        !cpu-models nonsense
        ?pool-capabilities
        ?node-memory-tune
        ?nodesev
        !nodesuspend nonsense 1
        list --all
        list --all --uuid
        list --all --title --name
        list --with-snapshot
        !list --nonsense
        !nonsense
        echo a b
    """)


@suite.scenario("networks, interfaces, devices, secrets and filters, with no driver for them")
def _(seen):
    write(seen, "net.xml", "<network><name>n</name></network>")
    write(seen, "secret.xml", "<secret ephemeral='no' private='no'/>")
    write(seen, "filter.xml", "<filter name='f'/>")
    write(seen, "iface.xml", "<interface type='ethernet' name='e'/>")
    write(seen, "device.xml", "<device><name>d</name></device>")
    commands(seen, """
        !net-list --all
        !net-define {folder}/net.xml
        !net-create {folder}/net.xml
        !net-info default
        !net-dumpxml default
        !net-start default
        !net-uuid default
        !net-dhcp-leases default
        !net-port-list default
        !iface-list --all
        !iface-define {folder}/iface.xml
        !iface-dumpxml eth0
        !iface-begin
        !nodedev-list
        !nodedev-list --tree
        !nodedev-dumpxml computer
        !nodedev-create {folder}/device.xml
        !nodedev-define {folder}/device.xml
        !secret-list
        !secret-define {folder}/secret.xml
        !secret-get-value 7a5f0000-0000-4000-8000-000000000099
        !nwfilter-list
        !nwfilter-define {folder}/filter.xml
        !nwfilter-dumpxml clean-traffic
        !nwfilter-binding-list
    """)


@suite.scenario("a domain that is off")
def _(seen):
    documents.image()
    write(seen, "off.xml", documents.domain("off", 2, devices=documents.disk()))
    write(seen, "bad.xml", "<domain type='qemu'><name>bad</name></domain>")
    write(seen, "broken.xml", "<domain")
    write(seen, "disk.xml", documents.disk("vdb"))
    write(seen, "odd.xml", "<nonsense/>")
    write(seen, "invalid.xml", documents.domain("invalid", 3).replace("<vcpu>", "<vcpus>")
          .replace("</vcpu>", "</vcpus>"))
    documents.image("vdb")
    commands(seen, """
        define {folder}/off.xml
        define --validate {folder}/off.xml
        !define {folder}/bad.xml
        !define {folder}/broken.xml
        !define {folder}/odd.xml
        !define --validate {folder}/invalid.xml
        !define {folder}/missing.xml
        !create {folder}/bad.xml
        !create --validate {folder}/invalid.xml
        list --all
        dominfo off
        domid off
        domuuid off
        domname 7a5f0000-0000-4000-8000-000000000002
        domstate off --reason
        !domstate nobody
        dumpxml off
        dumpxml off --inactive --security-info
        dumpxml off --migratable
        dumpxml off --xpath //disk/source/@file
        domblklist off --details
        domiflist off
        domblkinfo off vda
        domblkinfo off --all
        !domblkstat off vda
        !domifstat off vnet0
        !domifaddr off
        !domfsinfo nobody
        !domtime off
        !guestinfo off
        !domhostname off
        autostart off
        autostart --disable off
        ?autostart --once off
        ?autostart --once --disable off
        desc off --config --title A-title
        desc off --title
        desc off --config --new-desc A-description
        desc off
        metadata off urn:mine --key mine --set <note/> --config
        metadata off urn:mine
        metadata off urn:others
        metadata off urn:mine --remove --config
        setvcpus off 1 --config
        !setvcpus off 400 --config
        !setvcpus off 1 --live
        vcpucount off
        vcpuinfo off
        vcpupin off
        emulatorpin off
        iothreadinfo off
        iothreadadd off 1 --config
        iothreaddel off 1 --config
        !iothreaddel off 9 --config
        setmem off 32M --config
        setmaxmem off 96M --config
        !setmem off 900G --config
        memtune off
        memtune off --hard-limit 1G --config
        blkiotune off
        numatune off
        ?schedinfo off
        blkdeviotune off vda
        blkdeviotune off vda --total-bytes-sec 1000000 --config
        !blkdeviotune off vdz --total-bytes-sec 1000000 --config
        attach-device off {folder}/disk.xml --config
        !attach-device off {folder}/disk.xml --config
        !attach-device off {folder}/odd.xml --config
        detach-disk off vdb --config
        !detach-disk off vdz --config
        attach-disk off {folder}/vdb.qcow2 vdc --config --subdriver qcow2
        !update-device off {folder}/disk.xml --config
        !detach-device-alias off nonsense --config
        !suspend off
        !resume off
        !shutdown off
        !reboot off
        !reset off
        !destroy off
        !save off {folder}/image
        !managedsave off
        !dump off {folder}/core
        !screenshot off {folder}/picture
        !send-key off KEY_A
        !inject-nmi off
        !domjobinfo nobody
        ?domjobinfo off
        !domjobabort off
        !blockjob off vda
        !blockcommit off vda
        !blockpull off vda
        !migrate off qemu+unix:///nowhere
        !qemu-monitor-command off info
        !qemu-agent-command off {{}}
        domxml-to-native qemu-argv --domain off
        domxml-to-native qemu-argv {folder}/off.xml
        !domxml-to-native nonsense {folder}/off.xml
        !domxml-from-native qemu-argv {folder}/off.xml
        domrename off other
        !domrename nobody other
        domrename other off
        !set-lifecycle-action off poweroff restart --config
        ?domstats off --state --vcpu --block
        ?cpu-compare {folder}/off.xml
        ?hypervisor-cpu-compare {folder}/off.xml
        ?cpu-baseline {folder}/odd.xml
        ?hypervisor-cpu-baseline {folder}/odd.xml
        undefine off
        !undefine off
    """)


@suite.scenario("a domain that runs, paused", (
        bound.rule("the id of a running domain, in a list", r"(?m)^ \d+ +(\S+ +paused)$", r" ID \1"),
        bound.rule("the id of a running domain", r"(?m)^(Id: +)\d+$", r"\1ID"),
        bound.rule("how long CPUs have run", r"(?i)((?:cpu|user|system)[ _.]?time:?=? *)[\d.]+", r"\1N"),
        bound.rule("the CPU that a thread is on", r"(?m)^(CPU: +)\d+", r"\1N"),
        bound.rule("counts and times of domstats",
                   r"(?m)^(  (?:cpu|vcpu\.0)\.(?:time|user|system|wait|delay|exec_?time|halt\S*|"
                   r"exits\S*|\S+\.(?:sum|cur|max))=).*", r"\1N"),
        bound.rule("resident memory", r"(?m)^(rss|  balloon.rss|  balloon\.\S*)([ =]).*", r"\1\2N"),
        bound.rule("serial numbers of commands to QEMU", r'"id":"libvirt-\d+"', '"id":"libvirt-N"'),
        bound.rule("monotonic clocks of QEMU", r'("(?:micro)?seconds":)\d+', r"\1N")))
def _(seen):
    documents.image()
    documents.image("vdb")
    write(seen, "on.xml", documents.domain(
        "on", 1, devices=documents.disk() + "<serial type='pty'/>"
        "<graphics type='vnc'><listen type='none'/></graphics><video><model type='vga'/></video>"))
    write(seen, "disk.xml", documents.disk("vdb"))
    write(seen, "serial.xml", "<serial type='null'/>")
    commands(seen, """
        create --paused {folder}/on.xml
        !create {folder}/on.xml
        list
        list --state-paused --name
        dominfo on
        domstate on --reason
        domcontrol on
        dumpxml on
        dumpxml on --update-cpu
        domblklist on
        domblkstat on vda
        domblkstat on
        domblkerror on
        domblkinfo on vda
        !domblkinfo on vdz
        dommemstat on
        domstats on
        domstats --list-paused --state --balloon
        vcpuinfo on
        vcpucount on --live
        ?cpu-stats on
        ?domdisplay on
        !vncdisplay on
        ttyconsole on
        domjobinfo on
        !domjobabort on
        !guestinfo on
        !domtime on
        !domfsfreeze on
        !domfstrim on
        !qemu-agent-command on {{}}
        qemu-monitor-command on --hmp info status
        qemu-monitor-command on {{"execute":"query-status"}}
        qemu-monitor-command on --pretty {{"execute":"query-name"}}
        qemu-monitor-command on nonsense
        attach-device on {folder}/disk.xml
        !attach-device on {folder}/disk.xml
        !attach-device on {folder}/serial.xml
        ?setmem on 32M
        !setmem on 128M
        iothreadadd on 2
        iothreadinfo on
        iothreaddel on 2
        blockresize on vda 8M
        !blockresize on vdz 8M
        blkdeviotune on vda --total-iops-sec 100
        blkdeviotune on vda
        !setvcpus on 2
        send-key on KEY_A
        !send-key on KEY_NONSENSE
        inject-nmi on
        !dompmsuspend on mem
        ?dompmwakeup on
        !set-user-password on root secret
        !domrename on other
        snapshot-create-as on s --memspec snapshot=no --disk-only
        !snapshot-create-as on s --disk-only
        snapshot-list on --name
        !snapshot-info on s --current
        !snapshot-dumpxml on nobody
        snapshot-delete on s --metadata
        checkpoint-list on
        !checkpoint-info on c
        blockcommit on vda --active --pivot --wait
        resume on
        suspend on
        !undefine on
        screenshot on {folder}/picture
        !save-image-dumpxml {folder}/picture
        !restore {folder}/picture
        ?perf on
        dump on {folder}/core --memory-only
        destroy on
        !destroy on
    """)


@suite.scenario("pools and volumes", (
        bound.rule("how full the file system is", r"((?:Allocation|Available|Capacity): +)[\d.]+ GiB",
                   r"\1N GiB"),
        bound.FILLED,
        bound.rule("times of files", r"<(atime|mtime|ctime|btime)>[\d.]+<", r"<\1>N<")))
def _(seen):
    (seen.folder / "pool").mkdir()
    write(seen, "pool.xml", documents.POOL)
    write(seen, "bad.xml", "<pool type='dir'><name>q</name></pool>")
    write(seen, "vol.xml", documents.volume("from-xml"))
    write(seen, "data", "0123456789abcdef" * 4096)
    commands(seen, """
        pool-list --all
        pool-define {folder}/pool.xml
        !pool-define {folder}/bad.xml
        !pool-create {folder}/bad.xml
        pool-info p
        !pool-info nobody
        pool-dumpxml p
        pool-autostart p
        pool-autostart p --disable
        !pool-refresh p
        !vol-list p
        pool-build p
        pool-start p
        !pool-start p
        pool-name 7a5f0000-0000-4000-8000-000000000050
        pool-uuid p
        pool-list --details
        vol-create-as p v 1M --allocation 0
        !vol-create-as p v 1M
        !vol-create-as nobody v 1M
        vol-create p {folder}/vol.xml
        vol-create-as p q.qcow2 4M --format qcow2
        vol-clone v w --pool p
        vol-list p --details
        vol-info v p
        vol-info v p --bytes --physical
        vol-dumpxml v p
        vol-path v p
        vol-key v p
        vol-name {folder}/pool/v
        vol-pool {folder}/pool/v
        !vol-path nobody p
        vol-upload v {folder}/data p
        vol-download v {folder}/back p
        vol-download v {folder}/sparse p --sparse --length 32768
        vol-download v {folder}/part p --offset 4096 --length 8192
        !vol-upload v {folder}/missing p
        !vol-download nobody {folder}/back p
        vol-resize v 2M p
        !vol-resize v 1K p
        vol-wipe v p --algorithm zero
        ?vol-wipe w p --algorithm nnsa
        vol-delete v p
        !vol-delete v p
        !find-storage-pool-sources-as dir
        ?find-storage-pool-sources-as netfs 127.0.0.1
        !pool-delete p
        !pool-undefine p
        pool-destroy p
        !pool-destroy p
        pool-undefine p
        !pool-undefine p
    """)
    for name in ("back", "sparse", "part"):
        seen.note(name, (seen.folder / name).read_bytes())


@suite.scenario("saving and restoring", (
        bound.CREATED, bound.rule("when a snapshot was made, for people",
                                  r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000", "TIME")))
def _(seen):
    documents.image()
    write(seen, "on.xml", documents.domain("on", 1, devices=documents.disk()))
    commands(seen, """
        define {folder}/on.xml
        start on --paused
        save on {folder}/image
        save-image-dumpxml {folder}/image
        ?save-image-define {folder}/image {folder}/on.xml
        {restores}restore {folder}/image --paused
        ?start on --paused
        domstate on --reason
        !restore {folder}/missing
        managedsave on
        managedsave-dumpxml on
        !managedsave on
        dominfo on
        list --all --managed-save
        managedsave-remove on
        !managedsave-dumpxml on
        snapshot-create-as on off-snapshot A-description
        snapshot-list on
        snapshot-list on --tree
        snapshot-current on --name
        snapshot-dumpxml on off-snapshot
        snapshot-info on off-snapshot
        !snapshot-parent on off-snapshot
        snapshot-revert on off-snapshot
        !snapshot-revert on nobody
        !snapshot-delete on nobody
        !undefine on
        snapshot-delete on off-snapshot
        undefine on --nvram --managed-save --snapshots-metadata
    """, restores="" if seen.restores() else "!")


@suite.scenario("the test driver through both sockets", (
        bound.rule("the test driver's clock", r"(?i)(time:? *)[\d.]+(s?)", r"\1N\2"),
        bound.rule("what an interface has transferred: made of the time",
                   r"(?m)^(testnet0 \w+) \d+$", r"\1 N")))
def _(seen):
    testdriver.write()
    commands(seen, """
        list --all
        dominfo on
        dumpxml on
        domifaddr on
        domifstat on testnet0
        domtime on
        domhostname on
        vcpuinfo on
        !start on
        start off
        managedsave-remove off
        net-list --all
        net-info net
        net-dumpxml net
        net-destroy net
        !net-start nobody
        !net-dhcp-leases net
        iface-list --all
        iface-dumpxml eth1
        ?iface-destroy eth1
        nodedev-list --tree
        nodedev-dumpxml computer
        pool-list --details
        vol-list pool
        vol-dumpxml vol pool
        !secret-list
        snapshot-create-as on s
        screenshot on {folder}/picture
    """, uri=seen.uri("test", testdriver.FILE))
    seen.note("picture", (seen.folder / "picture").read_bytes())


@suite.scenario("several commands on one connection, as in virsh's own shell")
def _(seen):
    seen.tool("virsh", "-c", seen.uri(), input="""
list --all
define {0}/missing
domstate nobody
echo still here
""".format(seen.folder), must=False)


@suite.scenario("a read-only connection")
def _(seen):
    write(seen, "off.xml", domains.plain("off", documents.UUID.format(2)))
    seen.virsh("define", seen.folder / "off.xml")
    for words in ("list --all", "dumpxml off", "dumpxml off --security-info",
                  "dumpxml off --migratable", "undefine off", "start off", "autostart off",
                  f"define {seen.folder}/off.xml", "pool-list", "domxml-to-native qemu-argv --domain off"):
        seen.virsh("-r", *words.split(), must=False)


suite.main()
