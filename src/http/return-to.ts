/** How long a path to go to next may be, in characters. */
export const RETURN_TO_MAX_LENGTH = 2048

/**
 * Where to go next, if that is a page of this site, as path, query and fragment; else null.
 * The WHATWG parser decides, because it is the one that the browser will use on the Location header.
 */
export function safeReturnPath (next: string | undefined, publicUrl: URL): string | null {
  if (!next?.startsWith('/')) return null
  const url = URL.parse(next, publicUrl.origin)
  if (url?.origin !== publicUrl.origin) return null
  const path = `${url.pathname}${url.search}${url.hash}`
  // `/.//elsewhere.example` parses to a path here, which alone would be an address elsewhere.
  return URL.parse(path, publicUrl.origin)?.origin === publicUrl.origin ? path : null
}
