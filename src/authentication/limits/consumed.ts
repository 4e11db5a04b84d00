/** What became of counting something before it is done. */
export interface Consumed {
  /** Milliseconds to wait. Above 0 nothing was counted. */
  wait: number
  /** What was counted was not done, so it does not count. */
  giveBack (): Promise<void>
}

export function refused (wait: number): Consumed {
  return { wait, giveBack: async () => {} }
}

/** All of them are counted, or none: when one refuses or fails, the others are given back. */
export async function consumeAll (counting: Array<Promise<Consumed>>): Promise<Consumed> {
  const settled = await Promise.allSettled(counting)
  const answers = settled.flatMap(one => one.status === 'fulfilled' ? one.value : [])
  const giveBack = async () => { await Promise.all(answers.map(one => one.giveBack())) }
  const wait = Math.max(0, ...answers.map(one => one.wait))
  if (wait === 0 && answers.length === counting.length) return { wait, giveBack }
  await giveBack()
  // One that failed rejects again.
  await Promise.all(counting)
  return refused(wait)
}
