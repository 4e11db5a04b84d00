import type { Device } from '../identity/devices.ts'

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

/** A session for a program. Which pages were visited is for the user alone. */
export function sessionAsJson ({ handle, device, address, signedInAt, lastSeenAt, expiresAt, remembered }: Device) {
  const [signedIn, lastSeen, expires] = [signedInAt, lastSeenAt, expiresAt].map(at => new Date(at))
  return { handle, device, address, signedInAt: signedIn, lastSeenAt: lastSeen, expiresAt: expires, remembered }
}

/** A row of a table. The handle is long, and it is what ends the session, so the times are told in few characters. */
export function sessionAsRow ({ handle, device, lastSeenAt, expiresAt }: Device, now: number): string[] {
  return [handle, device, `${distance(lastSeenAt, now)} ago`, `in ${distance(now, expiresAt)}`]
}

function distance (from: number, to: number): string {
  const seconds = Math.max(0, Math.round((to - from) / 1000))
  if (seconds < MINUTE_S) return `${seconds} s`
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min`
  return seconds < 2 * DAY_S ? `${Math.floor(seconds / HOUR_S)} h` : `${Math.floor(seconds / DAY_S)} d`
}
