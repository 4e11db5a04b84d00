import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port for who has to know it before it listens. It lies below those that Linux hands out by itself
 * (`net.ipv4.ip_local_port_range` begins at 32,768): one of those can become somebody's end of a connection before it is used.
 */
export async function freePort (): Promise<number> {
  const port = randomInt(20_000, 32_768)
  return await isFree(port) ? port : await freePort()
}

async function isFree (port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
