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
