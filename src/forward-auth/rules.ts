import { canonicalEmail } from '../users/email-address.ts'
import type { User } from '../users/user-repository.ts'
import type { Asked } from './asked-address.ts'
import { readingsOf } from './path-readings.ts'

/** Who may pass: anyone, whoever is logged in, or these of them, by id, by email or by `@domain`. */
export type Who = 'anyone' | 'users' | string[]

/** Who may pass for a host and what lies under a path of it. */
export interface Rule {
  /** Exact, `*.example.com` for every host under that one, or `*`. */
  host: string
  /** `/`, or without a slash at its end. */
  path: string
  who: Who
}

const place = /^(?<host>\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?<path>(?:\/[\w.~!$&'()*+,=:@-]+)*\/?)?$/

const userId = /^[\w-]{22}$/

/** Reads FORWARD_AUTH_RULES: `host/path who; …`. @returns null when a rule cannot be meant */
export function readRules (text: string): Rule[] | null {
  const rules = text.split(/[;\n]/).filter(rule => rule.trim() !== '').map(readRule)
  return rules.includes(null) ? null : rules as Rule[]
}

function readRule (text: string): Rule | null {
  const [where = '', ...words] = text.trim().split(/\s+/)
  const { host, path = '/' } = place.exec(where)?.groups ?? {}
  const who = readWho(words)
  return host === undefined || who === null ? null : { host, path: path === '/' ? path : path.replace(/\/$/, ''), who }
}

function readWho (words: string[]): Who | null {
  if (words.length === 1 && (words[0] === 'anyone' || words[0] === 'users')) return words[0]
  const people = words.map(readPerson)
  return people.length > 0 && people.every(person => person) ? people as string[] : null
}

function readPerson (word: string): string | null | undefined {
  if (userId.test(word)) return word
  return word.startsWith('@') ? canonicalEmail(`somebody${word}`)?.slice('somebody'.length) : canonicalEmail(word)
}

/**
 * Who may pass to this address: the first rule that fits decides, and where none does, a user has to be logged in.
 * @returns null when programs could read the path as one of a rule or as one of another
 */
export function whoMayPass (rules: Rule[], { hostname, path: asked }: Pick<Asked, 'hostname' | 'path'>): Who | null {
  const ofHost = rules.filter(({ host }) => fitsHost(host, hostname))
  if (ofHost.every(({ path }) => path === '/')) return ofHost[0]?.who ?? 'users'
  const inLowerCase = ofHost.map(({ path }) => path.toLowerCase())
  // Some programs take /ADMIN for /admin.
  const deciding = new Set(readingsOf(asked).flatMap(path => [
    ofHost.find(rule => isUnder(path, rule.path)),
    ofHost[inLowerCase.findIndex(rule => isUnder(path.toLowerCase(), rule))]
  ]))
  const [rule, ...others] = deciding
  return others.length > 0 ? null : rule?.who ?? 'users'
}

/** Whether somebody who is logged in is among those who may pass. */
export function isAmong (who: Who, { id, email }: Pick<User, 'id' | 'email'>): boolean {
  if (typeof who === 'string') return true
  return who.some(person => person === id || person === email || (person.startsWith('@') && email.endsWith(person)))
}

function fitsHost (host: string, hostname: string): boolean {
  if (host === '*') return true
  return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host
}

function isUnder (path: string, prefix: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`)
}
