import { printable } from './printable.ts'

const GAP = '  '
/** Narrower, a cut value says nothing. */
const LEAST_WIDTH = 8
const DEFAULT_COLUMNS = 80

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })
const ASCII = /^[ -~]*$/
/** What terminals draw two cells wide. */
const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u

/** Where a table goes: a terminal has a width that its lines must not exceed. */
interface OutputWidth { isTTY?: boolean, columns?: number }

/**
 * Lines of aligned columns under a heading.
 * @param cuttable headings of the columns that are cut, the widest first, where a terminal is too narrow; in a pipe nothing is
 */
export function table (headings: string[], rows: string[][], paper: OutputWidth, cuttable: string[]): string {
  const cells = [headings, ...rows.map(row => row.map(printable))]
  const widths = headings.map((_heading, at) => widest(cells.map(row => widthOf(row[at]!))))
  const tooMuch = sum(widths) + GAP.length * (widths.length - 1) - (paper.columns ?? DEFAULT_COLUMNS)
  const fitting = paper.isTTY ? narrowed(widths, headings.map(heading => cuttable.includes(heading)), tooMuch) : widths
  return cells.map(row => `${row.map((cell, at) => padded(cut(cell, fitting[at]!), fitting[at]!)).join(GAP).trimEnd()}\n`).join('')
}

/** A name and its value on each line. */
export function properties (pairs: Array<[string, string]>): string {
  const width = widest(pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}${GAP}${printable(value)}\n`).join('')
}

function narrowed (widths: number[], mayShrink: boolean[], tooMuch: number): number[] {
  const most = widest(widths.filter((_width, at) => mayShrink[at]))
  if (tooMuch <= 0 || most <= LEAST_WIDTH) return widths
  const column = widths.findIndex((width, at) => mayShrink[at] && width === most)
  return narrowed(widths.with(column, most - 1), mayShrink, tooMuch - 1)
}

/** Not by Math.max(...widths): a function takes some 120,000 arguments, and there may be more users. */
function widest (widths: number[]): number {
  return widths.reduce((most, width) => Math.max(most, width), 0)
}

function sum (numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function cut (text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  for (const { segment } of characters.segment(text)) {
    if (widthOf(kept + segment) > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

function padded (text: string, width: number): string {
  return text + ' '.repeat(width - widthOf(text))
}

function widthOf (text: string): number {
  // Segmenting is slow, and a list may have a hundred thousand lines.
  if (ASCII.test(text)) return text.length
  return sum(Array.from(characters.segment(text), ({ segment }) => WIDE.test(segment) ? 2 : 1))
}
