import type { Identified } from '../identity/identify.ts'

const NOBODY = { 'remote-user': '', 'remote-email': '', 'remote-name': '', 'remote-session': '' }

/** Who passes, for the application. Every header is always there, so that none that a client forged is passed on. */
export function identityHeaders (identity: Identified | null): Record<keyof typeof NOBODY, string> {
  if (!identity?.account) return NOBODY
  const { account: { id, email, firstName, lastName }, handle } = identity
  return { 'remote-user': id, 'remote-email': headerSafe(email), 'remote-name': headerSafe(`${firstName} ${lastName}`), 'remote-session': handle }
}

/** UTF-8, as applications read it: Node takes one character for each byte. Line ends and the like become spaces. */
function headerSafe (text: string): string {
  return /^[ -~]*$/.test(text) ? text : Buffer.from(text.replace(/\p{Cc}/gu, ' ')).toString('latin1')
}
