import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { freePort } from '../test/free-port.ts'

export interface BenchRedis {
  url: string
  pid: number
  /** Bytes, as Redis counts them. */
  usedMemory (): Promise<number>
}

/** A redis-server on a free port of loopback that keeps nothing on disk, for as long as the work takes. */
export async function withRedisServer (work: (redis: BenchRedis) => Promise<void>): Promise<void> {
  const port = await freePort()
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: server.stdout })) if (line.includes('Ready to accept')) break
  server.stdout.resume()
  const observer = new Redis(port, '127.0.0.1')
  try {
    const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await observer.info('memory'))![1])
    await work({ url: `redis://127.0.0.1:${port}`, pid: server.pid!, usedMemory })
  } finally {
    observer.disconnect()
    server.kill()
    await once(server, 'exit')
  }
}
