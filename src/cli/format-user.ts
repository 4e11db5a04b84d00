import type { Account } from '../users/user-repository.ts'

/** A user for a program. The password's hash is for nobody. */
export function userAsJson ({ id, email, firstName, lastName, disabledAt, createdAt, updatedAt }: Account) {
  return { id, email, firstName, lastName, disabledAt, createdAt, updatedAt }
}

export function nameOf ({ firstName, lastName }: Account): string {
  return `${firstName} ${lastName}`
}

/** Such as "2026-11-20 14:03 UTC". */
export function minuteOf (time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
