import { printable } from './printable.ts'

const GAP = '  '
/** Narrower, a cut value says nothing. */
const LEAST_WIDTH = 8
const DEFAULT_COLUMNS = 80

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** What terminals draw two cells wide. */
const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u

/** Where a table goes: a terminal has a width that its lines must not exceed. */
interface Paper { isTTY?: boolean, columns?: number }

/** Lines of aligned columns under a heading. On a terminal the widest columns are cut to fit, in a pipe nothing is. */
export function table (headings: string[], rows: string[][], paper: Paper): string {
  const cells = [headings, ...rows.map(row => row.map(printable))]
  const widths = headings.map((_heading, at) => Math.max(...cells.map(row => widthOf(row[at]!))))
  const fitting = paper.isTTY ? fitted(widths, (paper.columns ?? DEFAULT_COLUMNS) - GAP.length * (widths.length - 1)) : widths
  return cells.map(row => `${row.map((cell, at) => padded(cut(cell, fitting[at]!), fitting[at]!)).join(GAP).trimEnd()}\n`).join('')
}

/** A name and its value on each line. */
export function properties (pairs: Array<[string, string]>): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}${GAP}${printable(value)}\n`).join('')
}

function fitted (widths: number[], room: number): number[] {
  const widest = Math.max(...widths)
  const tooMuch = widths.reduce((sum, width) => sum + width, 0) - room
  if (tooMuch <= 0 || widest <= LEAST_WIDTH) return widths
  const next = Math.max(LEAST_WIDTH, ...widths.filter(width => width < widest))
  const sharers = widths.filter(width => width === widest).length
  const smaller = Math.max(next, widest - Math.ceil(tooMuch / sharers))
  return fitted(widths.map(width => width === widest ? smaller : width), room)
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
  return [...characters.segment(text)].reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0)
}
