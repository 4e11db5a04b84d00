import { BlockList, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

const IPV6_SITE_BITS = 64
const UNKNOWN = 'unknown'

/**
 * Who asks, as one address. A proxy that is believed may send a port with it, or a word instead (RFC 7239, 6);
 * over a Unix socket there is none.
 */
export function addressOf ({ ip }: { ip?: string }): string {
  const bare = (ip ?? '').replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : UNKNOWN
}

/**
 * Whom an address counts as when requests are counted: IPv4 by the address, also when it is mapped into IPv6,
 * IPv6 by its /64, because whoever has one address there has all of them.
 * @param address as addressOf gives it
 */
export function addressGroup (address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${IPV6_SITE_BITS}`).toString()}/${IPV6_SITE_BITS}`
}

/** Who is connected: a socket. */
interface Peer { remoteAddress?: string | undefined }

/**
 * Whether whoever is connected is one of the proxies that are believed; over a Unix socket nobody is. Looked up once for each peer.
 * @param ranges addresses and CIDR ranges
 */
export function trustOf (ranges: string[]): (peer: Peer) => boolean {
  const trusted = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    trusted.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  // A proxy asks again and again on one connection.
  const known = new WeakMap<Peer, boolean>()
  const isInRange = ({ remoteAddress = '' }: Peer) => remoteAddress !== '' && trusted.check(remoteAddress, isIPv6(remoteAddress) ? 'ipv6' : 'ipv4')
  return peer => {
    if (!known.has(peer)) known.set(peer, isInRange(peer))
    return known.get(peer)!
  }
}
