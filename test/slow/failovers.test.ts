import t from 'tap'
import { failOver } from '../several/failovers.ts'

// `npm run failover` has ten of them, under more load.

t.test('after each of several failovers six services under load are back, without a restart', async t => {
  const failovers = await failOver(t, { services: 6, losses: ['killed', 'frozen', 'killed', 'frozen'], users: 6, perSecond: 30 })
  t.equal(failovers.length, 4, 'one that does not come back within a minute ends the run')
  for (const { how, tally: { lost, cameBack, requests }, longest503 } of failovers) {
    const seconds = longest503.map(ms => (ms / 1_000).toFixed(1)).join(', ')
    t.strictSame({ lost: lost.size, cameBack: cameBack.size }, { lost: 0, cameBack: 0 }, `${how}: ${requests} requests, at most so many seconds of 503: ${seconds}`)
  }
})
