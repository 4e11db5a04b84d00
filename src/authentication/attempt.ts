import type { Login, Proof } from '../sessions/session.ts'
import type { Account } from '../users/user-repository.ts'

/** A login under way: whose it is, and what is proven so far. No session has a user before the policy is satisfied. */
export interface Attempt {
  userId: string
  /** The account's session epoch when the attempt began. */
  epoch: number
  proofs: Proof[]
  /** "Keep me logged in". */
  remember: boolean
  /** Where the login leads to; null for wherever logins lead. */
  returnTo: string | null
}

export type AttemptOptions = Pick<Attempt, 'remember' | 'returnTo'>

export function attemptOf ({ id, sessionEpoch }: Pick<Account, 'id' | 'sessionEpoch'>, proof: Proof, options: AttemptOptions): Attempt {
  return { userId: id, epoch: sessionEpoch, proofs: [proof], ...options }
}

/** What a session keeps of a completed attempt. */
export function loginOf ({ userId, epoch, proofs, remember }: Attempt): Login {
  return { userId, epoch, proofs, remembered: remember }
}
