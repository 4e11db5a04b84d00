/** Controls, invisible formatting and line ends, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu
/** What joins emoji, and letters in several scripts, into one. */
const JOINERS = '\u200c\u200d'

/**
 * Text that anybody may have typed into a form, fit for a terminal: an escape sequence in a name could rewrite what
 * the operator sees, and a turn of direction could swap two names.
 */
export function printable (text: string): string {
  return text.replace(UNPRINTABLE, character => JOINERS.includes(character) ? character : '\ufffd')
}

/** The value as JSON that a terminal shows as it is. A program reads the same value from it. */
export function printableJson (value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => character === '\n' ? character : escaped(character))
}

function escaped (character: string): string {
  return character.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
}
