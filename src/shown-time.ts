const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** A moment for a `<time>`: exact for programs, and as text for people. */
export interface ShownTime { iso: string, text: string }

/** @param at epoch milliseconds */
export function shownTime (at: number): ShownTime {
  return { iso: new Date(at).toISOString(), text: `${format.format(at)} UTC` }
}
