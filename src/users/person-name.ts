import { Type } from 'typebox'

export const NAME_MAX = 100

/** Joiners shape letters of these scripts, and ordinary names need them: ප්‍රියන්ත (Priyantha), علی‌رضا (Ali-Reza). */
const JOINING = ['Arab', 'Beng', 'Deva', 'Gujr', 'Guru', 'Khmr', 'Knda', 'Mlym', 'Mong', 'Orya', 'Sinh', 'Taml', 'Telu']

/** What a script or an emoji needs, and only right behind its own characters. */
const NEEDED = [
  { characters: '\\u200c\\u200d', after: `[${JOINING.map(script => `\\p{scx=${script}}`).join('')}]` },
  { characters: '\\u180b-\\u180f', after: '\\p{scx=Mong}' },
  { characters: '\\ufe00-\\ufe02\\u{e0100}-\\u{e01ef}', after: '\\p{scx=Hani}' },
  { characters: '\\ufe0e\\ufe0f', after: '\\p{Extended_Pictographic}' }
]

/**
 * Characters that nobody sees. They make two names look the same, turn the text beside a name around, and carry text
 * past whoever reads it: bidirectional controls, zero-width and tag characters, fillers, line separators.
 */
const INVISIBLE = [
  ...NEEDED.map(({ characters, after }) => `(?<!${after})[${characters}]`),
  `[^\\P{Default_Ignorable_Code_Point}${NEEDED.map(({ characters }) => characters).join('')}]`,
  '[\\u2028\\u2029\\ufff9-\\ufffb]'
].join('|')

/** A name that somebody typed: at least one letter or number, as spaces alone are no name. Stored names may be older than the rule. */
export const personName = Type.String({ maxLength: NAME_MAX, pattern: '[\\p{L}\\p{N}]', not: Type.String({ pattern: INVISIBLE }) })

/** What to say when it is not so. @param which `first` or `last`; @param keyword of the schema that it broke */
export function nameSentence (which: string, keyword: string): string {
  if (keyword === 'not') return `Your ${which} name contains invisible characters. Type it instead of pasting it.`
  return `Enter your ${which} name (up to ${NAME_MAX} characters).`
}
