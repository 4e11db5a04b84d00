import ipaddr from 'ipaddr.js'

const IPV6_SITE_BITS = 64

/**
 * Whom an address counts as when requests are counted: IPv4 by the address, also when it is mapped into IPv6,
 * IPv6 by its /64, because whoever has one address there has all of them.
 */
export function addressGroup (address: string): string {
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${IPV6_SITE_BITS}`).toString()}/${IPV6_SITE_BITS}`
}
