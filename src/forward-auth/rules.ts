import { canonicalEmail } from '../users/email-address.ts'
import type { Account } from '../users/user-repository.ts'
import { decodePath, foldPath, isNormalized } from './normalized-path.ts'
import type { OriginalRequest } from './original-request.ts'

/** Who may pass: anyone, every user, or these users, by id, by email or by `@domain`. */
export type Access = 'anyone' | 'users' | string[]

/** Who may pass to a host and everything under a path of it. */
export interface Rule {
  /** Exact, `*.example.com` for every host under that one, or `*`. */
  host: string
  /** `/`, or without a slash at its end. */
  path: string
  access: Access
}

/** All that has to be allowed before a request passes. */
export interface Requirement {
  accesses: Access[]
  /** Programs may read the path in different ways, so every rule of the host is among them. */
  isAmbiguous: boolean
}

const place = /^(?<host>\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?<path>(?:\/[\w.~!$&'()*+,=:@-]+)*\/?)?$/

const userId = /^[\w-]{22}$/

/** Reads FORWARD_AUTH_RULES: `host/path access; …`. @returns null if a rule isn't valid */
export function readRules (text: string): Rule[] | null {
  const rules = text.split(/[;\n]/).filter(rule => rule.trim() !== '').map(readRule)
  return rules.includes(null) ? null : rules as Rule[]
}

function readRule (text: string): Rule | null {
  const [where = '', ...words] = text.trim().split(/\s+/)
  const { host, path = '/' } = place.exec(where)?.groups ?? {}
  const access = readAccess(words)
  if (host === undefined || access === null || !isNormalized(path, path)) return null
  return { host, path: path === '/' ? path : path.replace(/\/$/, ''), access }
}

function readAccess (words: string[]): Access | null {
  if (words.length === 1 && (words[0] === 'anyone' || words[0] === 'users')) return words[0]
  const people = words.map(readPerson)
  return people.length > 0 && people.every(person => person) ? people as string[] : null
}

function readPerson (word: string): string | null | undefined {
  if (userId.test(word)) return word
  return word.startsWith('@') ? canonicalEmail(`somebody${word}`)?.slice('somebody'.length) : canonicalEmail(word)
}

/**
 * What the rules require for a request. The first rule that fits decides; where none does, a login is required. Rules
 * before it count too if they fit once case, accents and the like are ignored, as some applications do. For a path that
 * isn't normalized every rule of the host counts, since the application may read it as a path of any of them.
 * @returns null for a path that can't be decoded
 */
export function requirementOf (rules: Rule[], { hostname, path }: Pick<OriginalRequest, 'hostname' | 'path'>): Requirement | null {
  const decoded = decodePath(path)
  if (decoded === null) return null
  const isAmbiguous = !isNormalized(path, decoded)
  const folded = isAmbiguous ? '' : foldPath(decoded)
  const accesses: Access[] = []
  for (const rule of rules.filter(({ host }) => fitsHost(host, hostname))) {
    if (isAmbiguous || isUnder(folded, foldPath(rule.path))) accesses.push(rule.access)
    if (rule.path === '/' || (!isAmbiguous && isUnder(path, rule.path))) return { accesses, isAmbiguous }
  }
  return { accesses: [...accesses, 'users'], isAmbiguous }
}

/**
 * A stranger has to log in where that helps. An ambiguous path is forbidden to a stranger if not every user may pass.
 * @param user null for a stranger
 */
export function decide ({ accesses, isAmbiguous }: Requirement, user: Pick<Account, 'id' | 'email'> | null): 'pass' | 'log in' | 'forbidden' {
  if (accesses.every(access => isAllowed(access, user))) return 'pass'
  return user !== null || (isAmbiguous && accesses.some(access => typeof access !== 'string')) ? 'forbidden' : 'log in'
}

function isAllowed (access: Access, user: Pick<Account, 'id' | 'email'> | null): boolean {
  if (access === 'anyone') return true
  if (user === null || access === 'users') return user !== null
  return access.some(person => person === user.id || person === user.email || (person.startsWith('@') && user.email.endsWith(person)))
}

function fitsHost (host: string, hostname: string): boolean {
  if (host === '*') return true
  return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host
}

function isUnder (path: string, prefix: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`)
}
