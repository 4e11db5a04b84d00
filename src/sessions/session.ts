/** What JSON can carry; what is read back equals what was stored. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** What an application keeps in a session, by name. */
export type SessionFields = Record<string, Json>

/** Names as in RFC 8176: `pwd` is a password. */
export type MethodName = 'pwd'

/** How somebody proved who they are, and when, in epoch milliseconds. */
export interface Proof {
  method: MethodName
  at: number
}

/** Where a request comes from. */
export interface Client {
  /** As the trusted proxies tell it. */
  address: string
  /** Such as "Firefox on Linux". */
  device: string
}

/** A completed login. */
export interface Login {
  userId: string
  /** The user's session epoch at login. Once the user's is another, the session has ended. */
  epoch: number
  /** "Keep me logged in". */
  remembered: boolean
  proofs: Proof[]
}

/** Who and since when. It never changes under one id, because every new proof and every logout means a new id. */
export interface SessionCore {
  /** Epoch milliseconds of the login, or of a visitor's first page. */
  startedAt: number
  /** Null for a visitor. */
  login: Login | null
}

export interface SessionData {
  core: SessionCore
  /** Where the login came from; null for a visitor. */
  client: Client | null
  /** Epoch milliseconds, at most a minute old. */
  lastSeenAt: number
  fields: SessionFields
}

const methods = new Set<string>(['pwd'])
const USER_ID = /^[\w-]{1,64}$/
const DIGITS = 36

/**
 * The core as stored, such as `AbC…:1:mwq2h8xk:r:pwd.0`: user, epoch, start, remembered, and each proof with the time since
 * the start. Numbers are in base 36: Redis needs twice the room for a session with a value of more than 64 bytes.
 */
export function packCore ({ startedAt, login }: SessionCore): string {
  if (login === null) return `::${textOf(startedAt)}::`
  const proofs = login.proofs.map(({ method, at }) => `${method}.${textOf(at - startedAt)}`)
  return [login.userId, textOf(login.epoch), textOf(startedAt), login.remembered ? 'r' : '', proofs.join(',')].join(':')
}

/** @returns null for anything that packCore doesn't make of a sound core */
export function unpackCore (packed: string): SessionCore | null {
  const [userId = '', epoch = '', start = '', remembered = '', proofs = ''] = packed.split(':')
  const startedAt = numberIn(start)
  const proven = proofs.split(',').map(proof => proofIn(proof, startedAt))
  const login = { userId, epoch: numberIn(epoch), remembered: remembered === 'r', proofs: proven }
  const core = { startedAt, login: userId === '' ? null : login }
  return isSound(core) && packCore(core) === packed ? core : null
}

/** Whether it can be stored and read back. */
export function isSound ({ startedAt, login }: SessionCore): boolean {
  if (login === null || !isTime(startedAt)) return isTime(startedAt)
  const { userId, epoch, remembered, proofs } = login
  const areProofs = proofs.length > 0 && proofs.every(({ method, at }) => methods.has(method) && isTime(at))
  return areProofs && typeof userId === 'string' && USER_ID.test(userId) && Number.isSafeInteger(epoch) && typeof remembered === 'boolean'
}

/** The last time somebody proved who they are, in epoch milliseconds. */
export function lastProofAt ({ proofs }: Login): number {
  return Math.max(...proofs.map(({ at }) => at))
}

/** With a new proof in place of an older one of its method. */
export function withProof (proofs: Proof[], proof: Proof): Proof[] {
  return [...proofs.filter(({ method }) => method !== proof.method), proof]
}

/** As short as a number gets in text. */
export function textOf (number: number): string {
  return number.toString(DIGITS)
}

export function numberIn (text: string): number {
  return parseInt(text, DIGITS)
}

function proofIn (text: string, startedAt: number): Proof {
  const [method = '', at = ''] = text.split('.')
  return { method: method as MethodName, at: startedAt + numberIn(at) }
}

/** Epoch milliseconds. */
export function isTime (value: unknown): value is number {
  return Number.isSafeInteger(value)
}
