import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Teardown } from './teardown.ts'

export interface FakeSentinel {
  port: number
  /** The port of the master that it names from now on; null for none. Says nothing of itself. */
  names (port: number | null): void
  /** Tells its subscribers that the master is at another port now, whatever it names when it is asked. */
  announces (port: number, master?: string): void
  /** Leaves it unanswered who the master is, until it is let go on. */
  holds (): void
  goesOn (): void
  /** How often it was asked who the master is. */
  readonly asked: number
  /** How many hear what it announces. */
  readonly subscribers: number
  /** Nobody listens at its port. */
  stop (): Promise<void>
  start (): Promise<void>
}

/** A sentinel that says what a test needs it to say, when it needs it. */
export async function startFakeSentinel (t: Teardown): Promise<FakeSentinel> {
  const sockets = new Set<Socket>()
  const subscribers = new Set<Socket>()
  let [named, asked, isHeld]: [number | null, number, boolean] = [null, 0, false]
  const held: Array<() => void> = []

  const answers: Record<string, (socket: Socket, args: string[]) => string> = {
    hello: () => '-NOPROTO unsupported protocol version\r\n',
    client: () => '+OK\r\n',
    ping: socket => subscribers.has(socket) ? arrayOf('pong', '') : '+PONG\r\n',
    sentinel: (_socket, [what]) => what === 'sentinels' ? '*0\r\n' : named === null ? '*-1\r\n' : arrayOf('127.0.0.1', String(named)),
    subscribe: (socket, [channel = '']) => {
      subscribers.add(socket)
      return `*3\r\n${bulk('subscribe')}${bulk(channel)}:1\r\n`
    }
  }

  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => { for (const set of [sockets, subscribers]) set.delete(socket) })
    // Each command of ioredis arrives whole, or several of them.
    socket.on('data', data => {
      for (const [name = '', ...args] of commandsIn(data.toString())) {
        const isAboutMaster = args[0] === 'get-master-addr-by-name'
        if (isAboutMaster) asked++
        // What it says is what holds when it is asked.
        const answer = answers[name.toLowerCase()]!(socket, args)
        if (isHeld && isAboutMaster) held.push(() => socket.write(answer))
        else socket.write(answer)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(stop)

  return {
    port,
    names (port) { named = port },
    announces (port, master = 'latchkey') {
      const message = arrayOf('message', '+switch-master', `${master} 127.0.0.1 1 127.0.0.1 ${port}`)
      for (const socket of subscribers) socket.write(message)
    },
    holds () { isHeld = true },
    goesOn () {
      isHeld = false
      for (const answer of held.splice(0)) answer()
    },
    get asked () { return asked },
    get subscribers () { return subscribers.size },
    stop,
    start: async () => { await once(server.listen(port, '127.0.0.1'), 'listening') }
  }
}

function bulk (text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`
}

function arrayOf (...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join('')}`
}

/** The words of each command, none of which holds a line's end. */
function commandsIn (text: string): string[][] {
  return text.split(/^\*\d+\r\n/m).filter(Boolean).map(command => command.split('\r\n').filter((_line, at) => at % 2 === 1))
}
