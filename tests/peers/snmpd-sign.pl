# The sign behind snmpd: what NTCIP 1203 v03 says of message memory, activation and read-back, by pass_persist of
# snmpd.conf(5). With --lying it agrees to every activation and shows nothing of it.
use strict;
use warnings;
$| = 1;

my $dms = '.1.3.6.1.4.1.1206.4.2.3';
my $lying = grep { $_ eq '--lying' } @ARGV;
my %rows = map { $_ => { status => 1, multi => '', owner => '', priority => 1 } } 1 .. 3;
my %now = (multi => '', owner => '', priority => 1, minutes => 65535, source => pack('C5', 7, 0, 1, 0, 0));
my $error = 2;
my $activated = "\0" x 12;

# CRC-16 of ISO/IEC 3309 over text, beacon and pixel service, as it goes over the line: low octet first.
sub crc {
    my $crc = 0xffff;
    for my $octet (unpack('C*', $_[0] . "\0\0")) {
        for my $bit (0 .. 7) {
            my $mix = ($crc ^ ($octet >> $bit)) & 1;
            $crc >>= 1;
            $crc ^= 0x8408 if $mix;
        }
    }
    return unpack('n', pack('v', $crc ^ 0xffff));
}

sub octets { return ('octet', join(' ', map { sprintf '%02X', $_ } unpack('C*', $_[0]))) }
sub words { return ('string', $_[0]) }
sub number { return ('integer', $_[0]) }

sub get {
    my ($oid) = @_;
    return unless $oid =~ s/^\Q$dms\E\.//;
    return number(4) if $oid eq '6.1.0';
    return octets($activated) if $oid eq '6.3.0';
    return number($now{minutes}) if $oid eq '6.4.0';
    return octets($now{source}) if $oid eq '6.5.0';
    return number($error) if $oid eq '6.17.0';
    return number(0) if $oid eq '9.7.1.0';
    return number(2) if $oid eq '5.9.0';
    return words($now{multi}) if $oid eq '5.8.1.3.5.1';
    return words($now{owner}) if $oid eq '5.8.1.4.5.1';
    return unless $oid =~ /^5\.8\.1\.(\d+)\.3\.(\d+)$/ && $rows{$2};
    my $row = $rows{$2};
    return words($row->{multi}) if $1 == 3;
    return words($row->{owner}) if $1 == 4;
    return number($row->{status} == 4 ? crc($row->{multi}) : 0) if $1 == 5;
    return number($row->{priority}) if $1 == 8;
    return number($row->{status}) if $1 == 9;
    return;
}

sub activate {
    my ($minutes, $priority, $memory, $number, $crc) = unpack('n C C n n', $_[0]);
    return 3 if $priority < $now{priority};
    my $source = substr($_[0], 3, 5);
    if ($memory == 7) {
        %now = (multi => '', owner => '', priority => $number, minutes => $minutes, source => $source);
        return 2;
    }
    return 5 if $memory != 3;
    my $row = $rows{$number} or return 6;
    return 4 if $row->{status} != 4;
    return 7 if $crc != crc($row->{multi});
    %now = (multi => $row->{multi}, owner => $row->{owner}, priority => $row->{priority}, minutes => $minutes, source => $source) unless $lying;
    return 2;
}

sub set {
    my ($oid, $value) = @_;
    return 'not-writable' unless $oid =~ s/^\Q$dms\E\.//;
    if ($oid eq '6.3.0') {
        $error = length($value) == 12 ? activate($value) : 1;
        $activated = $value if $error == 2;
        return $error == 2 ? 'DONE' : 'gen-error';
    }
    return 'not-writable' unless $oid =~ /^5\.8\.1\.(\d+)\.3\.(\d+)$/ && $rows{$2};
    my ($column, $row) = ($1, $rows{$2});
    if ($column == 9) {
        my ($from, $to) = ($row->{status}, $value);
        if ($to == 6 && $from != 2) { $row->{status} = 2 }
        elsif ($to == 7 && $from == 2) { $row->{status} = 4 }
        elsif ($to == 8 && $from != 1) { %$row = (status => 1, multi => '', owner => '', priority => 1) }
        else { return 'gen-error' }
        return 'DONE';
    }
    return 'gen-error' if $row->{status} != 2;
    my $name = { 3 => 'multi', 4 => 'owner', 8 => 'priority' }->{$column} or return 'not-writable';
    $row->{$name} = $value;
    return 'DONE';
}

while (defined(my $command = <STDIN>)) {
    chomp $command;
    # snmpd ends a value with one line more than its manual says.
    next if $command eq '';
    if ($command eq 'PING') { print "PONG\n" }
    elsif ($command eq 'get') {
        chomp(my $oid = <STDIN>);
        my ($type, $value) = get($oid);
        print defined $type ? "$oid\n$type\n$value\n" : "NONE\n";
    }
    elsif ($command eq 'set') {
        chomp(my $oid = <STDIN>);
        chomp(my $line = <STDIN>);
        my ($type, $value) = $line =~ /^(\S+) ?(.*)$/s;
        $value =~ s/^"(.*)"$/$1/s;
        $value = pack('C*', map { hex } split ' ', $value) if $type eq 'octet';
        print set($oid, $value), "\n";
    }
    else {
        chomp(my $ignored = <STDIN> // '');
        print "NONE\n";
    }
}
