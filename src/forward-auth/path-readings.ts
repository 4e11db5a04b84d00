/** As often as the programs behind one another may decode it. */
const DECODED_TIMES = 2

/**
 * Every way in which programs read one path: as it is or decoded, with what it steps back taken back, with parameters of
 * its segments left out. A rule for `/admin` must not be passed by as `/x/..%2fadmin`.
 * @param path as it was sent
 */
export function readingsOf (path: string): string[] {
  const decoded = [path]
  for (let times = 0; times < DECODED_TIMES; times++) decoded.push(decodedOnce(decoded.at(-1)!))
  return [...new Set(decoded.flatMap(path => [path, resolved(path), resolved(path.replace(/;[^/]*/g, ''))]))]
}

/** Byte by byte, as most programs do: one that is no UTF-8 must not keep the others from being decoded. */
function decodedOnce (path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

function resolved (path: string): string {
  const segments: string[] = []
  for (const segment of path.split(/[/\\]+/).slice(1)) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}
