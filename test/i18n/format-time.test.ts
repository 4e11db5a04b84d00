import t from 'tap'
import { formatRelativeTime, formatWait } from '../../src/i18n/format-time.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const now = Date.UTC(2026, 10, 20, 12)

t.test('a moment is told as people tell it, with the exact one beside it', async t => {
  t.strictSame(formatRelativeTime(now - 3 * MINUTE_MS, now), { iso: '2026-11-20T11:57:00.000Z', text: '20 November 2026 at 11:57 UTC', ago: '3 minutes ago' })
  const told = {
    0: 'just now',
    [MINUTE_MS - 1]: 'just now',
    [-5 * MINUTE_MS]: 'just now',
    [MINUTE_MS]: '1 minute ago',
    [HOUR_MS - 1]: '59 minutes ago',
    [HOUR_MS]: '1 hour ago',
    [24 * HOUR_MS - 1]: '23 hours ago',
    [24 * HOUR_MS]: 'yesterday',
    [72 * HOUR_MS]: '3 days ago'
  }
  for (const [ms, words] of Object.entries(told)) t.equal(formatRelativeTime(now - Number(ms), now).ago, words, ms)
})

t.test('a wait is told in seconds, a long one in minutes, and is never shorter than it is', async t => {
  const told = { 1: '1 second', 15: '15 seconds', 120: '120 seconds', 121: '3 minutes', 841: '15 minutes', 900: '15 minutes' }
  for (const [seconds, words] of Object.entries(told)) t.equal(formatWait(Number(seconds)), words)
})
