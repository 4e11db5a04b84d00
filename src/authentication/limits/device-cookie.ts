import type { Site } from '../../sessions/session-cookie.ts'

/** 400 days: browsers keep no cookie longer (RFC 6265bis, 5.5). */
export const DEVICE_SECONDS = 400 * 24 * 60 * 60

/** The cookie that holds the device's token. It stays when its user logs out: that is what it is for. */
export function deviceCookie ({ publicUrl }: Site) {
  const secure = publicUrl.protocol === 'https:'
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: DEVICE_SECONDS } as const
  return { name: secure ? '__Host-device' : 'device', attributes }
}
