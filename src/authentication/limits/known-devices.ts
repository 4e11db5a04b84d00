import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Account } from '../../users/user-repository.ts'
import type { Consumed } from './consumed.ts'
import { DEVICE_SECONDS } from './device-cookie.ts'
import type { DeviceStore } from './device-store.ts'
import { readDeviceToken, readEmailToken, signDeviceToken } from './device-token.ts'

/** Of one account. A login from one more replaces the device that was used the longest time ago. */
const DEVICES_MAX = 5
/** Failed attempts in a row after which a device is unknown. */
const FAILURES_MAX = 10
/** Tokens of earlier releases: so many of one account have one attempt each. */
const EMAIL_TOKENS_MAX = 10
const KEPT_MS = DEVICE_SECONDS * 1000

/** What is kept of one account's devices. Names are hashed, because whoever knows one could not be told from the device. */
interface Devices {
  /** The one used last comes first. */
  known: Device[]
  /** Names in tokens of earlier releases that had their attempt. */
  emailTokens: string[]
}

interface Device { name: string, usedAt: number, failures: number }

export type Owner = Pick<Account, 'id' | 'sessionEpoch'>

/** A browser that tries to log in. */
export interface Browser {
  token: string | undefined
  /** Whose email was typed. */
  user: Owner & Pick<Account, 'email'> | null
}

export interface KnownDevices {
  /** Counts an attempt before it is checked. @returns null when this is not a known device, or no longer */
  consume (browser: Browser): Promise<Consumed | null>
  /** The login is complete. @param token of this browser, which keeps its name. @returns the token for its cookie */
  remember (token: string | undefined, owner: Owner): Promise<string>
  /**
   * The epoch was raised by one, not by a password: the device is as known as it was, and its failures count on.
   * @returns null unless the token was one of this account until then
   */
  reissue (token: string | undefined, owner: Owner): string | null
}

/** The browsers that have logged into an account. Failed attempts are counted for each of them alone. */
export function knownDevices (store: DeviceStore, secrets: string[], now: Clock): KnownDevices {
  const change = changeIn(store, now)

  /** How an attempt of this browser is counted; null when its token, if any, was not issued for this account as it is now. */
  function countingOf ({ token, user }: Browser): Counting | null {
    if (token === undefined || user === null) return null
    const device = readDeviceToken(token, secrets)
    if (device !== null) return device.userId === user.id && device.epoch === user.sessionEpoch ? ofDevice(hash(device.name), now()) : null
    const name = readEmailToken(token, user.email, secrets)
    return name === null ? null : ofEmailToken(hash(name))
  }

  return {
    async consume (browser) {
      const [counting, userId] = [countingOf(browser), browser.user?.id]
      if (counting === null || !await change(userId!, counting.count)) return null
      return { wait: 0, giveBack: async () => { await change(userId!, counting.undo) } }
    },
    async remember (token, { id: userId, sessionEpoch: epoch }) {
      const held = token === undefined ? null : readDeviceToken(token, secrets)
      const name = held?.userId === userId ? held.name : randomBytes(16).toString('base64url')
      await change(userId, devices => usedNow(devices, hash(name), now()))
      return signDeviceToken({ name, userId, epoch }, secrets)
    },
    reissue (token, { id: userId, sessionEpoch: epoch }) {
      const held = token === undefined ? null : readDeviceToken(token, secrets)
      return held?.userId === userId && held.epoch === epoch - 1 ? signDeviceToken({ ...held, epoch }, secrets) : null
    }
  }
}

/** Of parallel changes one is written, and the others look again. The change answers null when there is nothing to change. */
function changeIn (store: DeviceStore, now: Clock) {
  return async (userId: string, to: (devices: Devices) => Devices | null): Promise<boolean> => {
    for (;;) {
      const stored = await store.read(userId)
      const devices = to(parse(stored))
      if (devices === null) return false
      if (await store.replace(userId, stored, { devices: JSON.stringify(devices), expiresAt: now() + KEPT_MS })) return true
    }
  }
}

/** Both answer null when they have nothing to change. */
interface Counting {
  count (devices: Devices): Devices | null
  undo (devices: Devices): Devices | null
}

function ofDevice (name: string, now: number): Counting {
  const isKnown = ({ failures, usedAt }: Device) => failures < FAILURES_MAX && usedAt + KEPT_MS > now
  return {
    count: devices => changed(devices, name, device => isKnown(device) ? { ...device, failures: device.failures + 1 } : null),
    undo: devices => changed(devices, name, device => device.failures > 0 ? { ...device, failures: device.failures - 1 } : null)
  }
}

function ofEmailToken (name: string): Counting {
  return {
    count: ({ emailTokens, known }) => emailTokens.includes(name) || emailTokens.length >= EMAIL_TOKENS_MAX ? null : { known, emailTokens: [...emailTokens, name] },
    undo: ({ emailTokens, known }) => emailTokens.includes(name) ? { known, emailTokens: emailTokens.filter(other => other !== name) } : null
  }
}

function changed ({ known, emailTokens }: Devices, name: string, to: (device: Device) => Device | null): Devices | null {
  const before = known.find(device => device.name === name)
  const after = before === undefined ? null : to(before)
  return after && { known: known.map(device => device === before ? after : device), emailTokens }
}

function usedNow ({ known, emailTokens }: Devices, name: string, usedAt: number): Devices {
  const others = known.filter(device => device.name !== name)
  return { known: [{ name, usedAt, failures: 0 }, ...others].slice(0, DEVICES_MAX), emailTokens }
}

function parse (stored: string | null): Devices {
  return stored === null ? { known: [], emailTokens: [] } : JSON.parse(stored)
}

function hash (text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
