import type { FastifyInstance } from 'fastify'

/** Strangers at work and in line, until one more would be refused. Their work ends when the test says so. */
export function fillAdmission ({ admission }: Pick<FastifyInstance, 'admission'>) {
  const working: Array<() => void> = []
  const crowd = new Set<symbol>()

  async function join () {
    const one = Symbol('one of them')
    crowd.add(one)
    // Who has waited for two seconds is gone.
    await admission.run(null, () => new Promise<void>(resolve => working.push(resolve))).catch(() => {})
    crowd.delete(one)
  }

  function refill () {
    while (!admission.isFull()) join()
  }

  async function disperse () {
    while (crowd.size > 0) {
      for (const end of working.splice(0)) end()
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  refill()
  /** `freePlace`: one of them ends. */
  return { refill, freePlace: () => working.shift()!(), disperse }
}
