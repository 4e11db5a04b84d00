import t from 'tap'
import { BRISK, inBatches } from '../../src/async/in-batches.ts'

/** Rows that are removed on a machine where each takes so many milliseconds. */
function tableOf (rows: number, msEach: (batch: number) => number) {
  const [sizes, pauses, progress]: [number[], number[], number[]] = [[], [], []]
  let [clock, left] = [0, rows]
  const remove = (atMost: number) => {
    const removed = Math.min(left, atMost)
    clock += removed * msEach(sizes.length)
    left -= removed
    sizes.push(removed)
    return removed
  }
  const options = { time: () => clock, pause: async (ms: number) => { pauses.push(ms) }, progress: (done: number) => { progress.push(done) } }
  return { remove, options, sizes, pauses, progress }
}

t.test('a batch takes about five milliseconds, and each is followed by a pause three times as long', async t => {
  const { remove, options, sizes, pauses, progress } = tableOf(1_000, () => 0.04)
  t.equal(await inBatches(remove, options), 1_000)
  t.strictSame(sizes, [10, 20, 40, 80, 125, 125, 125, 125, 125, 125, 100, 0])
  t.strictSame(pauses.map(Math.round), [1, 2, 5, 10, 15, 15, 15, 15, 15, 15, 12])
  t.strictSame(progress.slice(0, 3), [10, 30, 70])
})

t.test('where rows become slow to remove, batches get smaller, but never too small to come to an end', async t => {
  const { remove, options, sizes, pauses } = tableOf(500, batch => batch < 4 ? 0.01 : 2)
  t.equal(await inBatches(remove, options), 500)
  t.strictSame(sizes, [10, 20, 40, 80, 160, 80, 40, 20, 10, 10, 10, 10, 10, 0])
  t.equal(pauses[4], 960)
})

t.test('they never get so large that one that turns out slow holds up everybody for long', async t => {
  const { remove, options, sizes } = tableOf(4_000, () => 0)
  await inBatches(remove, options)
  t.strictSame(sizes, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000, 730, 0])
})

t.test('one slow batch only halves the next', async t => {
  const { remove, options, sizes } = tableOf(400, batch => batch === 2 ? 5 : 0.05)
  await inBatches(remove, options)
  t.strictSame(sizes, [10, 20, 40, 20, 40, 80, 100, 90, 0])
})

t.test('what an operator waits for goes faster', async t => {
  const { remove, options, sizes, pauses } = tableOf(910, () => 0.1)
  await inBatches(remove, { ...options, pace: BRISK })
  t.strictSame(sizes, [10, 20, 40, 80, 160, 200, 200, 200, 0])
  t.equal(Math.round(pauses[6]!), 20)
})

t.test('where there is nothing, nobody pauses; and without a clock of its own it goes by the real one', async t => {
  const { remove, options, pauses } = tableOf(0, () => 1)
  t.equal(await inBatches(remove, options), 0)
  t.strictSame(pauses, [])
  const rows = tableOf(30, () => 0)
  t.equal(await inBatches(rows.remove), 30)
  t.strictSame(rows.sizes.slice(0, 1), [10])
})
