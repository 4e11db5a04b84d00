import Bowser from 'bowser'

// Far above any browser's own. What is parsed is bounded, because every login parses what a stranger sent.
const READ_CHARACTERS = 512
const SHOWN_CHARACTERS = 60

/** What a person calls the device that a request came from, such as "Firefox on Linux". A guess, never a proof. */
export function deviceLabel (userAgent: string | undefined): string {
  if (!userAgent) return 'Unknown device'
  const { browser, os } = Bowser.parse(userAgent.slice(0, READ_CHARACTERS))
  const label = [browser.name, os.name].filter(Boolean).join(' on ')
  return label.slice(0, SHOWN_CHARACTERS) || 'Unknown device'
}
