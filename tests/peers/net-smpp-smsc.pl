# A message centre on Net::SMPP (SMPP 3.4): the library reads and writes every PDU, Perl's Encode every text. It takes
# binds, joins segments as a phone does, and says on standard output, one JSON object a line, what it understood.
# On standard input it is told: "release" delivers what is under way, and reports it; "hold" keeps what comes; "arrive" delivers
# what is under way and does not report it, so that it can only be asked about.
# What arrives is also handed, as it came, to whoever is bound as --phone ("deliver_sm"), which is how Kannel reads it.
use strict;
use warnings;
use Encode qw(decode);
use Getopt::Long;
use IO::Select;
use JSON::PP;
use Net::SMPP;

GetOptions('password=s' => \my $password, 'phone=s' => \(my $phone = 'telefon'), 'refuse=s' => \(my $refuse = '')) or die;
binmode STDERR, ':raw';
my $json = JSON::PP->new->canonical->ascii;
sub say_that { syswrite STDOUT, $json->encode({@_}) . "\n" }

# The library warns of every parameter it has no name for, such as the vendor's one that carries our key.
$SIG{__WARN__} = sub { };
# ESME_RINVPASWD, ESME_RCANCELFAIL, ESME_RINVDSTADR, ESME_RINVMSGID (SMPP 3.4, section 5.1.3).
my %no = (password => 0x0e, cancel => 0x11, destination => 0x0b, message => 0x0c);

my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, interface_version => 0x34, listen => 16) or die $!;
my $select = IO::Select->new($server, \*STDIN);
my ($holding, $next, %bound, %messages, %parts) = (0, 0);
say_that(event => 'listening', port => $server->sockport);

while (1) {
    for my $ready ($select->can_read) {
        if ($ready == $server) {
            my $connection = $server->accept or next;
            $select->add($connection);
        } elsif ($ready == \*STDIN) {
            sysread(STDIN, my $words, 4096) or exit 0;
            for (split /\n/, $words) {
                $holding = 1 if $_ eq 'hold';
                ($holding = 0), release() if $_ eq 'release';
                if ($_ eq 'arrive') { $_->{state} eq 'ENROUTE' and $_->{state} = 'DELIVRD' for values %messages }
            }
        } else {
            my $pdu = eval { $ready->read_pdu };
            if (!$pdu || !answer($ready, $pdu)) {
                $select->remove($ready);
                delete $bound{$ready};
                close $ready;
            }
        }
    }
}

# False ends the connection.
sub answer {
    my ($connection, $pdu) = @_;
    my $name = $pdu->explain_cmd;
    my $seq = $pdu->{seq};
    if ($name =~ /^bind_(receiver|transmitter|transceiver)$/) {
        my $status = $pdu->{password} eq $password ? 0 : $no{password};
        my $respond = "${name}_resp";
        $connection->$respond(seq => $seq, status => $status, system_id => 'net-smpp');
        say_that(event => 'bind', as => $name, system => $pdu->{system_id}, status => $status, version => $pdu->{interface_version});
        return 0 if $status;
        $bound{$connection} = { connection => $connection, system => $pdu->{system_id} };
        return 1;
    }
    return $connection->enquire_link_resp(seq => $seq) if $name eq 'enquire_link';
    if ($name eq 'unbind') { $connection->unbind_resp(seq => $seq); return 0 }
    return 1 if $name =~ /_resp$/ || $name eq 'generic_nack';
    my $bind = $bound{$connection} or return 0;
    return submitted($bind, $pdu, $name) if $name eq 'submit_sm' || $name eq 'submit_multi';
    return cancelled($bind, $pdu) if $name eq 'cancel_sm';
    return queried($bind, $pdu) if $name eq 'query_sm';
    # ESME_RINVCMDID
    return $connection->generic_nack(seq => $seq, status => 0x03);
}

sub submitted {
    my ($bind, $pdu, $name) = @_;
    my $id = sprintf 'np-%06d', ++$next;
    my @to = $name eq 'submit_multi' ? @{ $pdu->{destination_addr} } : ($pdu->{destination_addr});
    my @flags = $name eq 'submit_multi' ? @{ $pdu->{dest_flag} } : ();
    my @lost = grep { $_ eq $refuse } @to;
    if ($name eq 'submit_multi') {
        # A list that it does not know stands among the unsuccessful of a success (section 4.5.2).
        my @unsuccessful = @lost ? (destination_addr => [@lost], dest_addr_ton => [ map { 0 } @lost ], dest_addr_npi => [ map { 0 } @lost ]) : ();
        $bind->{connection}->submit_multi_resp(seq => $pdu->{seq}, message_id => $id, @unsuccessful, error_status_code => [ map { $no{destination} } 1, @lost ]);
    } else {
        $bind->{connection}->submit_sm_resp(seq => $pdu->{seq}, status => @lost ? $no{destination} : 0, message_id => @lost ? '' : $id);
    }
    return 1 if @lost;
    my ($total, $number, $text) = read_message($pdu);
    say_that(event => 'submit', command => $name, id => $id, to => \@to, flags => \@flags, source => $pdu->{source_addr}, esm => $pdu->{esm_class},
        coding => $pdu->{data_coding}, octets => length $pdu->{short_message}, priority => $pdu->{priority_flag}, validity => $pdu->{validity_period},
        registered => $pdu->{registered_delivery}, key => $pdu->{0x1410}, total => $total, number => $number);
    my $joined = join '/', @to, $pdu->{source_addr}, $total > 1 ? unpack('C', substr $pdu->{short_message}, 3, 1) : $id;
    $parts{$joined}{$number} = $text;
    if (keys %{ $parts{$joined} } == $total) {
        my $whole = delete $parts{$joined};
        # A surrogate pair may lie across two segments: octets are joined, then read.
        my $octets = join '', map { $whole->{$_} } sort { $a <=> $b } keys %$whole;
        say_that(event => 'text', to => \@to, text => decode($pdu->{data_coding} == 8 ? 'UTF-16BE' : 'gsm0338', $octets));
    }
    forward($pdu, $to[0]);
    $messages{$id} = { id => $id, system => $bind->{system}, source => $pdu->{source_addr}, to => $to[0], registered => $pdu->{registered_delivery} & 1, state => 'ENROUTE' };
    release() unless $holding;
    return 1;
}

# Total, number and the octets of the text behind the user data header (3GPP TS 23.040, section 9.2.3.24).
sub read_message {
    my ($pdu) = @_;
    my $octets = $pdu->{short_message};
    return (1, 1, $octets) unless $pdu->{esm_class} & 0x40;
    my $header = substr $octets, 1, unpack('C', $octets);
    my ($total, $number) = (1, 1);
    for (my $at = 0; $at < length $header;) {
        my ($element, $size) = unpack 'CC', substr $header, $at;
        ($total, $number) = unpack 'xCC', substr $header, $at + 2 if $element == 0;
        $at += 2 + $size;
    }
    return ($total, $number, substr $octets, 1 + length $header);
}

# As a phone's network hands it on: same octets, same coding, from the sender to the phone.
sub forward {
    my ($pdu, $to) = @_;
    for my $bind (grep { $_->{system} eq $phone } values %bound) {
        $bind->{connection}->deliver_sm(async => 1, source_addr_ton => 5, source_addr_npi => 0, source_addr => $pdu->{source_addr},
            dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => $to, esm_class => $pdu->{esm_class} & 0x40,
            data_coding => $pdu->{data_coding}, short_message => $pdu->{short_message});
    }
}

# Everything under way arrives; what asked for a receipt gets one (appendix B, and the optional parameters).
sub release {
    for my $message (sort { $a->{id} cmp $b->{id} } grep { $_->{state} eq 'ENROUTE' } values %messages) {
        $message->{state} = 'DELIVRD';
        next unless $message->{registered};
        my ($bind) = grep { $_->{system} eq $message->{system} } values %bound or next;
        $bind->{connection}->deliver_sm(async => 1, source_addr_ton => 1, source_addr_npi => 1, source_addr => $message->{to},
            dest_addr_ton => 5, dest_addr_npi => 0, destination_addr => $message->{source}, esm_class => 0x04, data_coding => 0,
            short_message => "id:$message->{id} sub:001 dlvrd:001 submit date:2611241800 done date:2611241801 stat:DELIVRD err:000 text:",
            receipted_message_id => "$message->{id}\0", message_state => "\x02");
    }
}

sub cancelled {
    my ($bind, $pdu) = @_;
    my $message = $messages{ $pdu->{message_id} };
    my $fits = $message && $message->{state} eq 'ENROUTE' && $message->{source} eq $pdu->{source_addr};
    $message->{state} = 'DELETED' if $fits;
    $bind->{connection}->cancel_sm_resp(seq => $pdu->{seq}, status => $fits ? 0 : $no{cancel});
    say_that(event => 'cancel', id => $pdu->{message_id}, status => $fits ? 0 : $no{cancel});
    return 1;
}

# The state of a message (section 4.8.2); its final date stays empty.
sub queried {
    my ($bind, $pdu) = @_;
    my $message = $messages{ $pdu->{message_id} };
    my $fits = $message && $message->{source} eq $pdu->{source_addr};
    my %number = (ENROUTE => 1, DELIVRD => 2, DELETED => 4);
    $bind->{connection}->query_sm_resp(seq => $pdu->{seq}, status => $fits ? 0 : $no{message}, message_id => $pdu->{message_id}, final_date => '',
        message_state => $fits ? $number{ $message->{state} } : 0, error_code => 0);
    say_that(event => 'query', id => $pdu->{message_id}, status => $fits ? 0 : $no{message});
    return 1;
}
