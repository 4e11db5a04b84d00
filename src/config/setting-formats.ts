import { isIP } from 'node:net'
import { readRules } from '../forward-auth/rules.ts'
import { isVaried, SECRET_MIN_LENGTH } from '../sessions/session-secret.ts'
import { redisAddress } from './redis-address.ts'

/** Ajv formats: what a string must be, beyond being a string. */
export const formats: Record<string, (value: string) => boolean> = {
  origin: value => {
    const url = URL.parse(value)
    // With a dot at its end a host is another one to browsers, and a proxy's questions could not be told from what clients send to it.
    return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` && !url.hostname.endsWith('.')
  },
  secrets: value => {
    const secrets = value.split(',').map(secret => secret.trim())
    return secrets.every(secret => secret.length >= SECRET_MIN_LENGTH) && isVaried(secrets[0]!)
  },
  database: value => /^file:./.test(value) || (/^postgres(ql)?:\/\/./.test(value) && URL.canParse(value)),
  redis: value => redisAddress(value) !== null,
  proxies: value => splitList(value).every(isAddressOrRange),
  rules: value => readRules(value) !== null,
  listening: value => listeningAddress(value) !== null,
  domain: value => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value)
}

export function splitList (value: string): string[] {
  return value.split(',').map(item => item.trim()).filter(item => item !== '')
}

/** Without an address only this machine is served. */
export function listeningAddress (value = ''): { host: string, port: number } | null {
  const [, host = '127.0.0.1', digits = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(value) ?? []
  const [address, port] = [host.replace(/^\[(.*)\]$/, '$1'), Number(digits)]
  return isIP(address) !== 0 && port >= 1 && port <= 65_535 ? { host: address, port } : null
}

function isAddressOrRange (value: string): boolean {
  const [address, prefix, ...rest] = value.split('/')
  const family = isIP(address!)
  if (family === 0 || rest.length > 0) return false
  // Not 0: that would be everybody.
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= (family === 4 ? 32 : 128))
}
