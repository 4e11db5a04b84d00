import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { find } from '../../test/provision.js'
import type { Around } from './check.ts'

export interface Ran {
  output: string
  /** It was ended, because it took longer than it may. */
  isCut: boolean
}

interface Limits extends Pick<Around, 'signal'> {
  seconds: number
}

// Were a tool to follow a link or a payload elsewhere, it would find a proxy that is not there.
const loopbackOnly = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', no_proxy: '127.0.0.1' }

/** Runs a tool until it ends, its time is over, or everything has to end. */
export async function runTool (command: string, args: string[], { seconds, signal }: Limits): Promise<Ran> {
  const tool = spawn(find(command), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...loopbackOnly },
    signal,
    timeout: seconds * 1000,
    killSignal: 'SIGKILL'
  })
  const said: Buffer[] = []
  for (const stream of [tool.stdout, tool.stderr]) stream.on('data', chunk => said.push(chunk))
  await once(tool, 'close')
  return { output: withoutColours(Buffer.concat(said).toString()), isCut: tool.signalCode === 'SIGKILL' }
}

function withoutColours (output: string): string {
  // eslint-disable-next-line no-control-regex
  return output.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
}
