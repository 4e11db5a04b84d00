import proxyAddress from '@fastify/proxy-addr'
import ipaddr from 'ipaddr.js'

const UNKNOWN = 'unknown'

/**
 * Who asks, as one address. A proxy that is believed may send a port with it, or a word instead (RFC 7239, 6);
 * over a Unix socket there is none.
 */
export function addressOf ({ ip }: { ip?: string }): string {
  const bare = (ip ?? '').replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : UNKNOWN
}

/** Networks that are counted as one, by how much of the address they share. */
export type NetworkKind = 'host' | '/24' | '/56' | '/48'

export interface Network {
  kind: NetworkKind
  /** Its first address, and how many bits are fixed. */
  network: string
}

/**
 * The networks that an address is in, the smallest first. The smallest is an IPv4 address, or an IPv6 /64, because whoever
 * has one address there has all of them; an ISP gives a customer a /56 or a /48, so one may have 65,536 of those.
 * @param address as addressOf gives it
 */
export function networksOf (address: string): [Network, ...Network[]] {
  if (!ipaddr.isValid(address)) return [{ kind: 'host', network: address }]
  const parsed = ipaddr.process(address)
  const host = parsed instanceof ipaddr.IPv6 ? ipv4Inside(parsed) ?? parsed : parsed
  if (host instanceof ipaddr.IPv4) return [{ kind: 'host', network: host.toString() }, { kind: '/24', network: networkOf(host, 24) }]
  return [{ kind: 'host', network: networkOf(host, 64) }, { kind: '/56', network: networkOf(host, 56) }, { kind: '/48', network: networkOf(host, 48) }]
}

/** The smallest network that an address is in. @param address as addressOf gives it */
export function addressGroup (address: string): string {
  return networksOf(address)[0].network
}

function networkOf (address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = address.toByteArray().map((byte, at) => at < bits / 8 ? byte : 0)
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

/** Where an IPv4 address lies in an IPv6 one. Counted by its /64, all of IPv4 behind one translator would be one network. */
const firstByteOfIpv4: Record<string, number> = {
  // 6to4, RFC 3056
  '6to4': 2,
  // NAT64 and stateless translation, RFC 6052, RFC 7915
  rfc6052: 12,
  rfc6145: 12,
  // Teredo, RFC 4380
  teredo: 12
}

function ipv4Inside (address: ipaddr.IPv6): ipaddr.IPv4 | null {
  const range = address.range()
  const start = firstByteOfIpv4[range]
  if (start === undefined) return null
  const bytes = address.toByteArray().slice(start, start + 4)
  // Teredo inverts each bit.
  return new ipaddr.IPv4(range === 'teredo' ? bytes.map(byte => byte ^ 0xff) : bytes)
}

/** The other end of a connection. */
interface Peer { remoteAddress?: string | undefined }

/**
 * Whether the peer of a connection is a trusted proxy; over a Unix socket nobody is. Decided once for each peer, as a proxy
 * sends many requests on one connection.
 * @param ranges addresses and CIDR ranges
 */
export function trustOf (ranges: string[]): (peer: Peer) => boolean {
  const isInRange = proxyAddress.compile(ranges)
  const known = new WeakMap<Peer, boolean>()
  return peer => {
    const { remoteAddress = '' } = peer
    const isTrusted = known.get(peer) ?? (remoteAddress !== '' && isInRange(remoteAddress, 0))
    known.set(peer, isTrusted)
    return isTrusted
  }
}
