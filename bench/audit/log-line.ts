const ERROR = 50

interface Line {
  level: number
  msg: string
  res?: { statusCode: number }
  err?: { type: string, code?: string, stack?: string }
}

/** @returns what a line of the service's log tells of a fault, else null. No tool asks for so much at once that it may be busy. */
export function faultOf (line: string): string | null {
  const entry = read(line)
  if (entry === null) return `the log has a line that is not JSON: ${line.slice(0, 300)}`
  if ((entry.res?.statusCode ?? 0) >= 500) return `the log has an answer ${entry.res!.statusCode}`
  if (entry.level < ERROR && entry.err?.stack === undefined) return null
  return `the log has an error: ${entry.msg}: ${(entry.err?.stack ?? entry.err?.type ?? '').slice(0, 300)}`
}

function read (line: string): Line | null {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
