/** What may wait in memory for a reader that stands still. */
const WAITING_MAX_BYTES = 1024 * 1024

/** Standard output. When it cannot take a line, on a full disk or without a reader, that line is lost and the service goes on. */
export const logStream = {
  write (line: string): void {
    if (process.stdout.writableLength < WAITING_MAX_BYTES) process.stdout.write(line)
  }
}

process.stdout.on('error', () => { /* there is nowhere left to say so */ })
