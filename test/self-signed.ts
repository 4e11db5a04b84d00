import { generateKeyPairSync, sign } from 'node:crypto'

/** A certificate for localhost that nobody vouches for, and its key, made anew each time. */
export function selfSigned (): { cert: string, key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('localhost')))))
  const validity = der(0x30, utcTime(-1), utcTime(1))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(0x30, der(0x02, Buffer.from([1])), ecdsaWithSha256, name, validity, name, spki)
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const base64 = der(0x30, body, ecdsaWithSha256, signature).toString('base64').replace(/.{64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
}

/** One value in ASN.1's DER: its kind, its length, its bytes. */
function der (tag: number, ...parts: Buffer[]): Buffer {
  const bytes = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(bytes)]), bytes])
}

/** In as few bytes as it takes: Go refuses a certificate over one more. */
function lengthOf ({ length }: Buffer): number[] {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

function utcTime (days: number): Buffer {
  const iso = new Date(Date.now() + days * 24 * 60 * 60_000).toISOString()
  return der(0x17, Buffer.from(`${iso.replace(/[-:T]/g, '').slice(2, 14)}Z`))
}
