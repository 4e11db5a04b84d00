import { Redis, type RedisOptions } from 'ioredis'
import type { RedisNode } from '../../config/redis-address.ts'
import { connection, retryDelay } from './client.ts'

const CHANNEL = '+switch-master'
const HEARTBEAT_MS = 5_000

interface Sentinels {
  nodes: RedisNode[]
  master: string
  tls?: object | undefined
}

export interface SentinelWatch {
  /** By name, each with a PING that rejects when it is not answered. */
  connections: Record<string, () => Promise<unknown>>
  close (): void
}

/**
 * Subscribes to the failovers that the sentinels announce, so that clients leave an old master that still answers. Not with ioredis' own
 * `failoverDetector`: it ends clients that are connecting, outlives quit(), and prints every sentinel it cannot reach.
 * @param onSwitch is called with the address of the new master, once for each sentinel that announces it
 */
export function watchSentinels ({ nodes, master, tls }: Sentinels, onSwitch: (host: string, port: number) => void): SentinelWatch {
  const sentinels = nodes.map(node => subscribed({ ...node, tls }, text => {
    const [name, , , host = '', port] = text.split(' ')
    if (name === master) onSwitch(host, Number(port))
  }))
  // A connection that died silently is given up when it leaves this unanswered.
  const heartbeat = setInterval(() => { for (const sentinel of sentinels) sentinel.ping().catch(ignore) }, HEARTBEAT_MS).unref()
  return {
    connections: Object.fromEntries(sentinels.map((sentinel, at) => [`sentinel ${nodes[at]!.host}:${nodes[at]!.port}`, () => sentinel.ping()])),
    close () {
      clearInterval(heartbeat)
      for (const sentinel of sentinels) sentinel.disconnect()
    }
  }
}

function subscribed (options: RedisOptions, onMessage: (text: string) => void): Redis {
  const sentinel = new Redis({ ...connection, ...options, retryStrategy: retryDelay, enableReadyCheck: false, enableOfflineQueue: false, autoResubscribe: false })
  // A sentinel that is away is no outage. When all are, the client itself reports it.
  sentinel.on('error', ignore)
  sentinel.on('ready', () => { sentinel.subscribe(CHANNEL).catch(ignore) })
  sentinel.on('message', (_channel, text) => onMessage(text))
  return sentinel
}

function ignore (): void {}
