import { LRUCache } from 'lru-cache'

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
const waits = { minute: inUnits('minute'), second: inUnits('second') }
const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' })

const MINUTE_SECONDS = 60
const MINUTE_MS = MINUTE_SECONDS * 1000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A moment for a `<time>`: exact for programs, and as text for people. */
export interface FormattedTime { iso: string, text: string }

/** @param at epoch milliseconds */
export function formatTime (at: number): FormattedTime {
  return { iso: new Date(at).toISOString(), text: minuteInWords(Math.floor(at / MINUTE_MS)) }
}

// Intl takes longer for a moment than the rest of a page for its data, and pages show the same minutes again.
const minutes = new LRUCache<number, string>({ max: 1_000 })

function minuteInWords (minute: number): string {
  const text = minutes.get(minute) ?? `${exact.format(minute * MINUTE_MS)} UTC`
  minutes.set(minute, text)
  return text
}

/** A moment as people tell it, such as "3 minutes ago", with the exact one for who wants it. Both in epoch milliseconds. */
export function formatRelativeTime (at: number, now: number): FormattedTime & { ago: string } {
  return { ...formatTime(at), ago: agoInWords(now - at) }
}

/** A wait as people tell it, such as "15 minutes": never shorter than it is. */
export function formatWait (seconds: number): string {
  return seconds > 2 * MINUTE_SECONDS ? waits.minute.format(Math.ceil(seconds / MINUTE_SECONDS)) : waits.second.format(seconds)
}

// Made once: making one takes longer than the rest of a refusal, and who floods is refused a thousand times a second.
function inUnits (unit: 'minute' | 'second'): Intl.NumberFormat {
  return new Intl.NumberFormat('en-GB', { style: 'unit', unit, unitDisplay: 'long' })
}

function agoInWords (ms: number): string {
  // Also what is a little ahead, by the clock of another machine.
  if (ms < MINUTE_MS) return 'just now'
  if (ms < HOUR_MS) return relative.format(-Math.floor(ms / MINUTE_MS), 'minute')
  if (ms < DAY_MS) return relative.format(-Math.floor(ms / HOUR_MS), 'hour')
  return relative.format(-Math.floor(ms / DAY_MS), 'day')
}
