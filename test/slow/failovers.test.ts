import t from 'tap'
import { failOver } from '../several/failovers.ts'

// `npm run failover` has ten of them.

const LONGEST_MS = 10_000

t.test('after each of several failovers six services under load are back, without a restart', async t => {
  const failovers = await failOver(t, { services: 6, losses: ['killed', 'frozen', 'killed', 'frozen'], users: 12, perSecond: 60 })
  for (const { how, tally: { lost, cameBack, requests }, longest503 } of failovers) {
    t.strictSame({ lost: lost.size, cameBack: cameBack.size }, { lost: 0, cameBack: 0 }, `${how}, ${requests} requests`)
    for (const ms of longest503) t.ok(ms < LONGEST_MS, `${Math.round(ms)} ms of 503`)
  }
})
