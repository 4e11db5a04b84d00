import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as english } from '@zxcvbn-ts/language-en'

const MAX_BYTES = 1024

/**
 * 10^10 guesses, where zxcvbn's own scale ends ("very unguessable"): with a stolen table and ten thousand argon2id
 * hashes a second, twelve days for one account. Its lower marks would let through whatever has three parts, such as
 * summer2024summer. Text without any pattern counts ten guesses a character, so a shorter least length asks for less:
 * eight random characters are enough where eight characters are.
 */
const ENOUGH_LOG10 = 10

/**
 * The estimator runs on the event loop, and its cost grows faster than its input: with its defaults, 1,024 chosen bytes
 * take seconds. So it reads the start only, tries few spellings with digits for letters, and has three word lists, not
 * twenty. The worst that `npm run bench:estimator` finds takes 3 ms; with 64 characters it would be 20.
 */
const ESTIMATED_LENGTH = 24
const SPELLINGS = 2

/** Shorter words are in too many passwords by accident. */
const OWN_WORD_MIN = 3
const PRODUCT = 'latchkey'

/** The one example of a good password that everybody has read, and the lists do not have. */
const famous = ['correct horse battery staple', 'correct-horse-battery-staple', 'correcthorsebatterystaple'].map(phrase => phrase.slice(0, ESTIMATED_LENGTH))

// Built once, while the service starts, so that nobody's sign-up waits for it.
const estimator = new ZxcvbnFactory({
  dictionary: {
    passwords: [...common['passwords-common'], ...famous],
    words: english['commonWords-en'],
    names: english['firstnames-en']
  },
  graphs: adjacencyGraphs,
  maxLength: ESTIMATED_LENGTH,
  l33tMaxSubstitutions: SPELLINGS
})

export interface ChosenPassword {
  password: string
  email: string
  firstName: string
  lastName: string
  /** Code points. */
  minLength: number
  /** The host of PUBLIC_URL. */
  siteName: string
}

/**
 * Why a password is not taken, in one sentence for the form, or null when it is: long enough, at most 1,024 bytes,
 * not one that is guessed early, and not mostly what everybody knows of this user and this site. Counted after NFC;
 * otherwise nothing is changed, trimmed or asked of its characters.
 * The rule is NIST SP 800-63B-4, 3.1.1.2, and OWASP ASVS 5.0, 6.2.1, 6.2.4, 6.2.5, 6.2.8, 6.2.9 and 6.2.11.
 */
export function passwordProblem ({ password, minLength, ...known }: ChosenPassword): string | null {
  const problem = lengthProblem(password, minLength)
  if (problem !== null) return problem
  const text = password.normalize('NFC')
  const own = ownWords(known)
  if (isMostly(own, text)) return 'This password is mostly your name, your email or the name of this site. Choose something that has nothing to do with them.'
  const { guessesLog10 } = estimator.check(text, own)
  if (guessesLog10 < Math.min(minLength, ENOUGH_LOG10)) return 'This password is easy to guess. Choose something less common, such as a few words that do not belong together.'
  return null
}

/** The part of it that costs nothing. */
export function lengthProblem (password: string, minLength: number): string | null {
  const text = password.normalize('NFC')
  if (Buffer.byteLength(text) > MAX_BYTES) return 'This password is too long: letters and symbols together may take up to 1,024 bytes.'
  return [...text].length < minLength ? `Choose a password of at least ${minLength} characters.` : null
}

/** What others know of this user and this site, whole and in its parts, the longest first. */
function ownWords ({ email, firstName, lastName, siteName }: Omit<ChosenPassword, 'password' | 'minLength'>): string[] {
  const known = [email, firstName, lastName, siteName, PRODUCT].map(fold)
  const words = known.flatMap(name => [name, ...name.split(/[^\p{L}\p{M}\p{N}]+/u)]).map(withoutSpaces)
  return [...new Set(words)].filter(word => word.length >= OWN_WORD_MIN).sort((one, other) => other.length - one.length)
}

function isMostly (words: string[], password: string): boolean {
  const text = withoutSpaces(fold(password))
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), text)
  return rest.length * 2 < text.length
}

function fold (text: string): string {
  return text.normalize('NFC').toLowerCase()
}

function withoutSpaces (text: string): string {
  return text.replace(/\s/gu, '')
}
