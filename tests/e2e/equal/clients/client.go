// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A client that has libvirt's protocol from another library: go-libvirt.
//
//	client SOCKET
//
// It prints what it gets, and every part of an error that the library keeps.
// go-libvirt makes the objects that it names, so it calls what libvirtd has no driver
// for as well.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

const (
	name     = "gopher"
	document = `<domain type='qemu'><name>gopher</name>
<uuid>7a5f0000-0000-4000-8000-000000000041</uuid><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`
	pool = `<pool type='dir'><name>gopool</name>
<uuid>7a5f0000-0000-4000-8000-000000000042</uuid>
<target><path>/var/lib/libvirt/equal</path></target></pool>`
	volume = `<volume><name>govolume</name><capacity>1048576</capacity></volume>`
)

var uuid = libvirt.UUID{0x7a, 0x5f, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xff}

func say(what string, err error, results ...interface{}) {
	if err != nil {
		if e, ok := err.(libvirt.Error); ok {
			fmt.Printf("%s: error code %d: %s\n", what, e.Code, e.Message)
		} else {
			fmt.Printf("%s: error %v\n", what, err)
		}
		return
	}
	fmt.Printf("%s:", what)
	for _, result := range results {
		fmt.Printf(" %+v", result)
	}
	fmt.Println()
}

// What cannot go on.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func domains(l *libvirt.Libvirt) {
	d, err := l.DomainDefineXML(document)
	say("define", err, d)
	must(err)
	_, err = l.DomainDefineXMLFlags("<domain/>", 0)
	say("define what is no domain", err)
	xml, err := l.DomainGetXMLDesc(d, 0)
	say("dumpxml", err, xml)
	err = l.DomainSetMetadata(d, int32(libvirt.DomainMetadataTitle), libvirt.OptString{"A title"},
		nil, nil, libvirt.DomainAffectConfig)
	say("set metadata", err)
	again, err := l.DomainLookupByName(name)
	say("lookup", err, again)
	list, _, err := l.ConnectListAllDomains(1, 0)
	say("list", err, list)
	d, err = l.DomainCreateWithFlags(d, uint32(libvirt.DomainStartPaused))
	say("create", err, d.Name, d.UUID)
	must(err)
	state, reason, err := l.DomainGetState(d, 0)
	say("state", err, state, reason)
	memory, err := l.DomainMemoryPeek(d, 0xffff0, 16, libvirt.MemoryPhysical)
	say("peek", err, memory)
	say("resume", l.DomainResume(d))
	say("suspend", l.DomainSuspend(d))
	answer, err := l.QEMUDomainMonitorCommand(d, `{"execute":"query-name"}`, 0)
	say("monitor", err, answer)
	say("attach nothing", l.DomainAttachDeviceFlags(d, "<nothing/>", 1))
	say("destroy", l.DomainDestroy(d))
	say("undefine", l.DomainUndefineFlags(d, 0))
	_, err = l.DomainGetXMLDesc(d, 0)
	say("dumpxml of nobody", err)
}

func storage(l *libvirt.Libvirt) {
	p, err := l.StoragePoolCreateXML(pool, 0)
	say("create a pool", err, p)
	must(err)
	v, err := l.StorageVolCreateXML(p, volume, 0)
	say("create a volume", err, v)
	must(err)
	data := bytes.Repeat([]byte("0123456789abcdef"), 65536)
	err = l.StorageVolUpload(v, bytes.NewReader(data), 0, uint64(len(data)), 0)
	say("upload", err)
	var got bytes.Buffer
	err = l.StorageVolDownload(v, &got, 0, 0, 0)
	say("download", err, got.Len(), sha256.Sum256(got.Bytes()))
	say("delete", l.StorageVolDelete(v, 0))
	say("delete again", l.StorageVolDelete(v, 0))
	say("destroy the pool", l.StoragePoolDestroy(p))
}

// Objects that this libvirtd has no driver for, named without a look-up.
func others(l *libvirt.Libvirt) {
	secret := libvirt.Secret{UUID: uuid, UsageType: 1, UsageID: "x"}
	_, err := l.SecretGetXMLDesc(secret, 0)
	say("secretGetXMLDesc", err)
	_, err = l.SecretGetValue(secret, 0)
	say("secretGetValue", err)
	say("secretSetValue", l.SecretSetValue(secret, []byte("value"), 0))
	say("secretUndefine", l.SecretUndefine(secret))
	_, err = l.SecretLookupByUsage(1, "x")
	say("secretLookupByUsage", err)
	filter := libvirt.Nwfilter{Name: "f", UUID: uuid}
	_, err = l.NwfilterGetXMLDesc(filter, 0)
	say("nwfilterGetXMLDesc", err)
	say("nwfilterUndefine", l.NwfilterUndefine(filter))
	binding := libvirt.NwfilterBinding{Portdev: "vnet0", Filtername: "f"}
	_, err = l.NwfilterBindingGetXMLDesc(binding, 0)
	say("nwfilterBindingGetXMLDesc", err)
	say("nwfilterBindingDelete", l.NwfilterBindingDelete(binding))
	network := libvirt.Network{Name: "n", UUID: uuid}
	_, err = l.NetworkGetXMLDesc(network, 0)
	say("networkGetXMLDesc", err)
	say("networkDestroy", l.NetworkDestroy(network))
	port := libvirt.NetworkPort{Net: network, UUID: uuid}
	_, err = l.NetworkPortGetXMLDesc(port, 0)
	say("networkPortGetXMLDesc", err)
	_, _, err = l.NetworkPortGetParameters(port, 16, 0)
	say("networkPortGetParameters", err)
	say("networkPortDelete", l.NetworkPortDelete(port, 0))
	_, err = l.InterfaceGetXMLDesc(libvirt.Interface{Name: "i", Mac: "52:54:00:00:00:01"}, 0)
	say("interfaceGetXMLDesc", err)
	_, err = l.NodeDeviceGetXMLDesc("nothing", 0)
	say("nodeDeviceGetXMLDesc", err)
}

func main() {
	l := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(os.Args[1]),
		dialers.WithLocalTimeout(time.Minute)))
	must(l.ConnectToURI(libvirt.QEMUSystem))
	uri, err := l.ConnectGetUri()
	say("uri", err, uri)
	version, err := l.ConnectGetLibVersion()
	say("version", err, version)
	capabilities, err := l.ConnectGetCapabilities()
	// virtspmd's own element (bound.py) is there for what only virtspmd can do.
	capabilities = regexp.MustCompile(`(?s)    <spm>.*?</spm>\n`).ReplaceAllString(capabilities, "")
	say("capabilities", err, sha256.Sum256([]byte(capabilities)))
	domains(l)
	storage(l)
	others(l)
	must(l.Disconnect())
}
