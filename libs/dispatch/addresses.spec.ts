import { kindOf, readPrivateNetwork } from './addresses.js';

describe('an address', () => {
  it.each(['8.8.8.8', '142.250.1.95', '2a00:1450:4001:82a::200a', '2606:4700::6810:1', '64:ff9b::808:808'])('is public: %s', (address) => expect(kindOf(address)).toBe('public'));

  it.each(['10.1.2.3', '100.64.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'])('is that of a private line: %s', (address) => expect(kindOf(address)).toBe('private'));

  it.each(['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'])('is loopback: %s', (address) => expect(kindOf(address)).toBe('loopback'));

  it.each(['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'])('is where a cloud tells credentials: %s', (address) => expect(kindOf(address)).toBe('metadata'));

  it.each([
    '0.0.0.0', '0.1.2.3', '169.254.1.1', '192.0.0.8', '192.0.2.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255',
    '::', '::2', '::7f00:1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a00:1', '::ffff:8.8.8.8', '::ffff:169.254.169.254', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::',
    '64:ff9b:1::1', '100::1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1', '2001:0:7f00:1::', '2001:db8::1', '2002:7f00:1::', '2002:a9fe:a9fe::', '3fff::1',
    '', 'localhost', '1.2.3', '0177.0.0.1', '127.1', '2130706433', '0x7f000001',
  ])('is where no partner can be: %j', (address) => expect(kindOf(address)).toBe('reserved'));

  it('is the same with a zone', () => {
    expect(['::1%lo', 'fd12::1%eth0', '::1%lo\n'].map(kindOf)).toEqual(['loopback', 'private', 'loopback']);
  });
});

describe('the network of a leased line', () => {
  it.each([['10.0.0.0/8', ['10.0.0.0', 8]], ['10.20.30.0/24', ['10.20.30.0', 24]], ['192.168.7.9/32', ['192.168.7.9', 32]], ['fd12:3456::/32', ['fd12:3456::', 32]]])('lies within the private ones: %s', (text, read) => {
    expect(readPrivateNetwork(text)).toEqual(read);
  });

  it.each(['0.0.0.0/0', '10.0.0.0/7', '172.16.0.0/11', '8.8.8.0/24', '127.0.0.0/8', '169.254.0.0/16', '::/0', 'fe80::/10', 'fc00::/6', '::ffff:10.0.0.0/104', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', '', '10.0.0.0/8 '])('is nothing else: %j', (text) => {
    expect(readPrivateNetwork(text)).toBeUndefined();
  });
});
