import type { Writable } from 'node:stream'
import { Failed, type Shell } from './command.ts'
import { printableJson } from './printable.ts'

/** What a reader that has seen enough leaves behind, such as `| head`. */
const NOBODY_READS = new Set(['EPIPE', 'ERR_STREAM_DESTROYED'])

/** Without a listener a closed pipe would end the process in the middle of its work. */
export function survivesClosedPipes (...streams: Writable[]): void {
  streams.forEach(stream => stream.on('error', () => {}))
}

/** What was asked for. @throws Failed when it could not be written, such as to a full disk */
export async function print ({ stdout }: Shell, text: string): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | null | undefined>(resolve => stdout.write(text, resolve))
  if (error && !NOBODY_READS.has(error.code!)) throw new Failed(`The output could not be written (${error.code}).`)
}

/** One value, and nothing else, on standard output. */
export async function printJson (shell: Shell, value: unknown): Promise<void> {
  await print(shell, `${printableJson(value)}\n`)
}

/** What is said beside the output, for people only. */
export function warn ({ stderr }: Pick<Shell, 'stderr'>, sentence: string): void {
  stderr.write(`${sentence}\n`)
}
