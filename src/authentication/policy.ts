import type { Proof } from '../sessions/session.ts'
import type { Method } from './method.ts'

/** Nobody has to prove more factors, however many they have. */
const MOST_FACTORS = 2

/** Whether enough is proven to log in: two factors by whoever has two, one by everybody else. */
export function isSatisfied (enrolled: Method[], proofs: Proof[]): boolean {
  const proven = enrolled.filter(({ name }) => proofs.some(({ method }) => method === name))
  const required = Math.min(factorsOf(enrolled), MOST_FACTORS)
  return proven.length > 0 && factorsOf(proven) >= required
}

function factorsOf (methods: Method[]): number {
  return new Set(methods.map(({ factor }) => factor)).size
}
