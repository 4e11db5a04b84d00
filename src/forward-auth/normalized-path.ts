/** A percent-encoded unreserved character (RFC 3986, 2.3), or an encoded slash. */
const ENCODED_NEEDLESSLY = /%(?:2[def]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/i

/** Where some programs split a path, cut it off, or decode it once more. */
const DELIMITER = /[\\%?#;\p{Cc}]/u

/** Windows ignores spaces and further dots in them. */
const EMPTY_OR_DOT_SEGMENT = /\/[. ]*\/|\/[. ]+$/

const TO_BE_TRIMMED = /[. ](?:\/|$)|\/\s/

/**
 * @param path as it was sent; Node has one character for each byte of it
 * @returns null for an invalid percent sequence or invalid UTF-8
 */
export function decodePath (path: string): string | null {
  try {
    const text = isAscii(path) ? path : new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(path, 'latin1'))
    return text.includes('%') ? decodeURIComponent(text) : text
  } catch {
    return null
  }
}

/**
 * Whether all programs find the same segments in a path, whether they decode it before or after they split it.
 * @param path as it was sent
 * @param decoded the same path, decoded
 */
export function isNormalized (path: string, decoded: string): boolean {
  return isAscii(path) && !ENCODED_NEEDLESSLY.test(path) && !DELIMITER.test(decoded) && !EMPTY_OR_DOT_SEGMENT.test(compatible(decoded))
}

/**
 * Equal for two paths if some program treats them as equal: it ignores case in any locale, accents, compatibility forms,
 * invisible characters, or dots and spaces around a segment.
 */
export function foldPath (decoded: string): string {
  const folded = compatible(decoded).toUpperCase().toLowerCase()
  return TO_BE_TRIMMED.test(folded) ? folded.split('/').map(trimSegment).join('/') : folded
}

/** U+FF0E as a dot, U+212A as a K, é as an e; what becomes a delimiter, such as U+FF1B, ends a segment. */
function compatible (text: string): string {
  return isAscii(text) ? text : text.normalize('NFKD').replace(/[\p{M}\p{DI}]/gu, '').replace(/[\\%?#;]/g, '/')
}

function trimSegment (segment: string): string {
  let end = segment.length
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1] === ' ')) end--
  return segment.slice(0, end).trimStart()
}

function isAscii (text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}
