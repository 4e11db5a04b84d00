import type { Redis } from 'ioredis'
import type { IdentityMemory } from './identity-memory.ts'
import type { StoreLog } from './store-options.ts'

/** Where Redis tells a client of RESP2 what has changed (redis.io, Client-side caching). */
const CHANNEL = '__redis__:invalidate'
const ASKED_EVERY_MS = 1_000

interface Options {
  /** What the keys of sessions begin with; the rest is the handle. */
  keyPrefix: string
  memory: IdentityMemory
  log: StoreLog
}

/**
 * Has Redis tell the memory of every session that is changed, by whatever process: CLIENT TRACKING, on a connection of
 * its own. While that does not stand, nothing is kept.
 * @returns lets go of the connection
 */
export function hearChanges (redis: Redis, { keyPrefix, memory, log }: Options): () => void {
  // ioredis hands out none of these messages in RESP3. What the connection needs, it is given anew each time it is made.
  const ear = redis.duplicate({ protocol: 2, autoResubscribe: false, enableAutoPipelining: false })
  ear.on('error', () => { /* the store's own connection tells of outages */ })
  let leadsElsewhere = false
  ear.on('connecting', () => { leadsElsewhere = false })
  ear.on('ready', () => leadsElsewhere ? ear.disconnect(true) : listen().catch(err => log.warn({ err }, 'Redis does not tell which sessions change, so nothing is answered from memory')))
  ear.on('close', () => memory.stop())
  ear.on('messageBuffer', (_channel: Buffer, keys: Buffer[] | null) => tell(memory, keyPrefix, keys))
  ear.connect().catch(() => { /* tried again in the background */ })

  async function listen (): Promise<void> {
    await ear.client('TRACKING', 'ON', 'REDIRECT', await ear.client('ID'), 'BCAST', 'PREFIX', keyPrefix)
    await ear.subscribe(CHANNEL)
    memory.start()
  }

  // The store may be at another server now, of whose changes nothing is heard here, and one that is frozen takes its time
  // to close.
  function follow (): void {
    memory.stop()
    // In the middle of a handshake ioredis would leave the error of the broken connection to nobody.
    leadsElsewhere = true
    if (ear.status === 'ready') ear.disconnect(true)
  }
  redis.on('close', follow)
  // A connection that died without a word is given up when it leaves this unanswered.
  const asking = setInterval(() => ear.ping().catch(() => {}), ASKED_EVERY_MS).unref()

  return () => {
    redis.off('close', follow)
    clearInterval(asking)
    ear.disconnect()
  }
}

/** @param keys null when all of them went at once */
function tell (memory: IdentityMemory, keyPrefix: string, keys: Buffer[] | null): void {
  if (keys === null) memory.forgetAll()
  else for (const key of keys) memory.forget(key.toString().slice(keyPrefix.length))
}
