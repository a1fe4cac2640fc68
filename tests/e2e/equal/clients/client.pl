#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A client that uses libvirt from Perl (Sys::Virt).
#
#     client.pl URI
#
# It prints what it gets, and every part of an error that the module keeps.
use strict;
use warnings;

use Data::Dumper;
use Digest::SHA qw(sha256_hex);
use Sys::Virt;
use Sys::Virt::Domain;
use Sys::Virt::Event;

$Data::Dumper::Sortkeys = 1;
$Data::Dumper::Indent = 1;
$| = 1;

my $folder = '/var/lib/libvirt/equal';
my $document = <<'XML';
<domain type='qemu'><name>perl</name><uuid>7a5f0000-0000-4000-8000-000000000031</uuid>
<memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
XML
my $pool = <<"XML";
<pool type='dir'><name>perlpool</name><uuid>7a5f0000-0000-4000-8000-000000000032</uuid>
<target><path>$folder</path></target></pool>
XML

sub say_ { my ($what, @results) = @_; local $Data::Dumper::Terse = 1; print "$what: ", Dumper(\@results); }

# A call: its results, or the parts of its error.
sub try_ {
    my ($what, $call) = @_;
    my @results = eval { $call->() };
    if (my $error = $@) {
        die $error unless ref $error;
        say_("$what fails", $error->code, $error->domain, $error->level, $error->message);
        return;
    }
    say_($what, map { ref $_ && ref($_) =~ /^Sys::Virt/ ? ref $_ : $_ } @results);
    return $results[0];
}

Sys::Virt::Event::register_default();
my $c = Sys::Virt->new(uri => $ARGV[0]);
my @events;
$c->domain_event_register_any(undef, Sys::Virt::Domain::EVENT_ID_LIFECYCLE,
    sub { my ($connection, $domain, $event, $detail) = @_;
          push @events, join ' ', $domain->get_name, $event, $detail; });

try_('version', sub { $c->get_library_version });
try_('hostname', sub { $c->get_hostname });
try_('type', sub { $c->get_type });
# virtspmd's own element (bound.py) is there for what only virtspmd can do.
try_('capabilities', sub { sha256_hex($c->get_capabilities =~ s{    <spm>.*?</spm>\n}{}sr) });
try_('models', sub { $c->get_cpu_model_names('x86_64') });
try_('networks', sub { $c->list_all_networks });
try_('secrets', sub { $c->list_all_secrets });
try_('no domain', sub { $c->get_domain_by_name('nobody') });
try_('bad document', sub { $c->define_domain('<domain><oops>') });

my $d = try_('define', sub { $c->define_domain($document) }) ? $c->get_domain_by_name('perl') : die;
try_('xml', sub { $d->get_xml_description(Sys::Virt::Domain::XML_INACTIVE) });
try_('uuid', sub { $d->get_uuid_string });
try_('metadata', sub { $d->set_metadata(Sys::Virt::Domain::METADATA_TITLE, 'A title', undef, undef,
                                         Sys::Virt::Domain::AFFECT_CONFIG) });
try_('title', sub { $d->get_metadata(Sys::Virt::Domain::METADATA_TITLE, undef,
                                      Sys::Virt::Domain::AFFECT_CONFIG) });
try_('start', sub { $d->create(Sys::Virt::Domain::START_PAUSED) });
try_('state', sub { $d->get_state });
try_('start again', sub { $d->create });
try_('peek', sub { unpack 'H*', $d->memory_peek(0xffff0, 16, Sys::Virt::Domain::MEMORY_PHYSICAL) });
try_('resume', sub { $d->resume });
try_('suspend', sub { $d->suspend });
try_('scheduler', sub { $d->get_scheduler_type });
try_('job', sub { $d->get_job_info });
try_('attach', sub { $d->attach_device('<nothing/>') });
try_('snapshot', sub { $d->create_snapshot('<domainsnapshot><nothing/></domainsnapshot>') });
try_('destroy', sub { $d->destroy });
try_('undefine', sub { $d->undefine });
try_('gone', sub { $d->get_xml_description });

my $p = try_('pool', sub { $c->create_storage_pool($pool) }) ? $c->get_storage_pool_by_name('perlpool') : die;
my $data = join '', map { pack 'N', $_ } 1 .. 200000;
my $v = $p->create_volume('<volume><name>v</name><capacity>800000</capacity></volume>');
my $st = $c->new_stream;
try_('upload', sub { $v->upload($st, 0, length $data); my $at = 0;
    $st->send_all(sub { my $n = $_[2]; $_[1] = substr $data, $at, $n; $at += length $_[1]; length $_[1] });
    $st->finish; });
$st = $c->new_stream;
my $got = '';
try_('download', sub { $v->download($st, 0, 0);
    $st->recv_all(sub { $got .= $_[1]; length $_[1] }); $st->finish; sha256_hex($got) });
print $got eq $data ? "the same came back\n" : "something else came back\n";
try_('volume', sub { $v->get_info->{capacity} });
try_('delete', sub { $v->delete });
try_('delete again', sub { $v->delete });
try_('destroy the pool', sub { $p->destroy });

Sys::Virt::Event::run_default() while !grep { /^perl 1 / } @events;
# Whether the last word of a QEMU that libvirtd ends is read depends on who is first.
print "event: $_\n" for grep { $_ ne "perl 6 2" } @events;
