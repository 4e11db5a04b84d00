import pino from 'pino'

const STANDARD_OUTPUT = 1

/** What may wait in memory for a reader that doesn't read. */
const BUFFERED_MAX_BYTES = 1024 * 1024

/**
 * Writes lines without blocking the event loop. A line that can't be written, because the disk is full, nobody reads or too
 * many wait, is lost, and the service continues.
 */
export function openLogStream (fd = STANDARD_OUTPUT) {
  const stream = pino.destination({ fd, sync: false, maxLength: BUFFERED_MAX_BYTES })
  // There is nowhere left to report it.
  stream.on('error', () => {})
  return stream
}
