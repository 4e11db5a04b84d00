import { PassThrough, Writable } from 'node:stream'
import { run } from '../../src/cli/run.ts'
import type { Shell, Streams } from '../../src/cli/command.ts'
import type { Service } from '../helper.ts'

export interface Said {
  code: number
  out: string
  err: string
  json<T> (): T
}

export interface Surroundings {
  /** What arrives on standard input. On a terminal, return is `\r`. */
  input?: string | Buffer
  /** Somebody sits there: all three streams are a terminal. */
  terminal?: boolean
  columns?: number
  /** Standard error goes elsewhere, where nobody sees a question. */
  unseen?: boolean
  settings?: Shell['settings']
  /** Runs when this was written to standard error. */
  when?: { says: string, then: () => unknown }
  /** What writing to standard output ends with. */
  broken?: string
}

/** The operator's command with the settings and the clock of a service, in this process. */
export async function latchkey ({ app, time }: Service, args: string, surroundings: Surroundings = {}): Promise<Said> {
  const said = { out: '', err: '' }
  const settings = surroundings.settings ?? (() => app.config)
  const code = await run(args.split(' ').filter(word => word !== ''), streams(said, surroundings), { now: time.now, settings })
  return { code, ...said, json: () => JSON.parse(said.out) }
}

function streams (said: { out: string, err: string }, { input, terminal, columns, unseen, when, broken }: Surroundings): Streams {
  const stdin = new PassThrough()
  if (input !== undefined) stdin.write(input)
  if (!terminal) stdin.end()
  const stdout = new Writable({
    write (piece, _encoding, done) {
      said.out += piece
      done(broken === undefined ? null : Object.assign(new Error('broken'), { code: broken }))
    }
  })
  const stderr = new Writable({
    write (piece, _encoding, done) {
      said.err += piece
      Promise.resolve(when && String(piece).includes(when.says) ? when.then() : null).then(() => done(), done)
    }
  })
  const [isTTY, isSeen] = [terminal === true, terminal === true && !unseen]
  return { stdin: Object.assign(stdin, { isTTY }), stdout: Object.assign(stdout, { isTTY, columns }), stderr: Object.assign(stderr, { isTTY: isSeen, columns }) }
}
