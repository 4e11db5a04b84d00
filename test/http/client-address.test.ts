import t from 'tap'
import { addressGroup, addressOf, networksOf, trustOf } from '../../src/http/client-address.ts'
import { openService } from '../helper.ts'

t.test('whoever asks has one address, whatever a proxy adds to it', async t => {
  for (const [ip, address] of Object.entries({
    '203.0.113.7': '203.0.113.7',
    '203.0.113.7:51234': '203.0.113.7',
    '::ffff:203.0.113.7': '203.0.113.7',
    '2001:db8::1': '2001:db8::1',
    '[2001:db8::1]': '2001:db8::1',
    '[2001:db8::1]:51234': '2001:db8::1',
    unknown: 'unknown',
    _hidden: 'unknown',
    '': 'unknown',
    ['x'.repeat(8000)]: 'unknown'
  })) t.equal(addressOf({ ip }), address, ip.slice(0, 40))
  t.equal(addressOf({}), 'unknown', 'over a Unix socket')
})

t.test('IPv6 counts by its /64, /56 and /48, IPv4 by the address and its /24', async t => {
  const networks = (address: string) => networksOf(addressOf({ ip: address })).map(({ kind, network }) => `${kind} ${network}`)
  t.strictSame(networks('203.0.113.7'), ['host 203.0.113.7', '/24 203.0.113.0/24'])
  t.strictSame(networks('2001:db8:1234:5678:9abc::1'), ['host 2001:db8:1234:5678::/64', '/56 2001:db8:1234:5600::/56', '/48 2001:db8:1234::/48'])
  t.strictSame(networks('fe80::1%eth0'), ['host fe80::/64', '/56 fe80::/56', '/48 fe80::/48'])
  t.strictSame(networks('unknown'), ['host unknown'])
  t.equal(addressGroup('203.0.113.7'), '203.0.113.7')
  t.equal(addressGroup('2001:db8:1:2:3::4'), addressGroup('2001:db8:1:2:ffff::1'))
  t.not(addressGroup('2001:db8:1:2::1'), addressGroup('2001:db8:1:3::1'))
})

t.test('an IPv4 address inside an IPv6 one counts as itself', async t => {
  for (const [how, address] of Object.entries({
    mapped: '::ffff:203.0.113.7',
    'mapped, in hexadecimal': '::FFFF:cb00:7107',
    translated: '::ffff:0:203.0.113.7',
    NAT64: '64:ff9b::203.0.113.7',
    'NAT64 of one network': '64:ff9b:1::203.0.113.7',
    '6to4': '2002:cb00:7107:ffff::1',
    Teredo: '2001:0:4136:e378:8000:63bf:34ff:8ef8'
  })) t.strictSame(networksOf(addressOf({ ip: address })), networksOf('203.0.113.7'), how)
})

t.test('a proxy that sends something else than an address breaks nothing', async t => {
  const { browser } = await openService(t, { TRUSTED_PROXIES: '127.0.0.1' })
  for (const forwarded of ['203.0.113.7:51234', 'unknown', '_hidden', '1.2.3.4, garbage', 'x'.repeat(8000)]) {
    const laptop = browser({ headers: { 'x-forwarded-for': forwarded } })
    t.equal((await laptop.get('/')).status, 200, forwarded.slice(0, 40))
    t.equal((await laptop.logIn()).status, 401)
  }
})

t.test('a proxy is trusted by its address or by its network', async t => {
  const isTrusted = trustOf(['10.0.0.0/8', '192.0.2.1', '::1', 'fd00::/8'])
  const from = (remoteAddress: string | undefined) => ({ remoteAddress })
  for (const peer of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.1', '::1', 'fd12::1']) t.ok(isTrusted(from(peer)), peer)
  for (const peer of ['11.0.0.1', '192.0.2.2', '::2', 'fe80::1', undefined]) t.notOk(isTrusted(from(peer)), String(peer))
})
