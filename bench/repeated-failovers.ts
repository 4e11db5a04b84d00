import { failOver, type Failover } from '../test/several/failovers.ts'
import { runToItsEnd } from '../test/run-to-its-end.ts'

/*
 * Six services under load whose Redis fails over ten times in a row, killed and frozen in turn: how long does each process
 * answer 503, and are all of them back without a restart?
 */

const LONGEST_MS = 300_000
const SERVICES = 6
const USERS = 30
const PER_SECOND = 200
const losses = Array.from({ length: 10 }, (_, at) => at % 2 === 0 ? 'killed' as const : 'frozen' as const)

await runToItsEnd(LONGEST_MS, async run => {
  console.log(`${SERVICES} services, ${USERS} users with two sessions each, ${PER_SECOND} requests a second; of each process the longest time in which it answered nothing but 503`)
  const failovers = await failOver(run, { services: SERVICES, losses, users: USERS, perSecond: PER_SECOND })
  console.table(Object.fromEntries(failovers.map((failover, at) => [`${at + 1}, ${failover.how}`, row(failover)])))
  if (failovers.some(({ tally: { lost, cameBack } }) => lost.size + cameBack.size > 0)) process.exitCode = 1
})

function row ({ tally, longest503 }: Failover): object {
  return {
    requests: tally.requests,
    '503s': tally.failures['503'] ?? 0,
    ...Object.fromEntries(longest503.map((ms, at) => [`process ${at + 1}`, `${(ms / 1_000).toFixed(1)} s`])),
    'sessions lost': tally.lost.size,
    'came back': tally.cameBack.size
  }
}
