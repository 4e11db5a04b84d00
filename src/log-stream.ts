/** Standard output. When it cannot take a line, on a full disk or without a reader, that line is lost and the service goes on. */
export const logStream = {
  write (line: string): void {
    process.stdout.write(line)
  }
}

process.stdout.on('error', () => { /* there is nowhere left to say so */ })
