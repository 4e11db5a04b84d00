import { PassThrough } from 'node:stream'
import t from 'tap'
import { withProgress } from '../../src/cli/progress.ts'
import { MovableClock } from '../helper.ts'

async function written (isTTY: boolean, work: (show: (state: string) => void, clock: MovableClock) => Promise<unknown>): Promise<string> {
  const [stderr, clock] = [Object.assign(new PassThrough(), { isTTY }), new MovableClock()]
  await withProgress({ stderr, now: clock.now }, show => work(show, clock)).catch(() => {})
  return String(stderr.read() ?? '')
}

t.test('on a terminal the line is rewritten, and goes in the end, also when the work fails', async t => {
  t.equal(await written(true, async show => { show('1'); show('2') }), '\r\u001b[K1\r\u001b[K2\r\u001b[K')
  t.equal(await written(true, async show => { show('1'); throw new Error('broken') }), '\r\u001b[K1\r\u001b[K')
})

t.test('elsewhere there is a line every five seconds, and none for work that is done before', async t => {
  t.equal(await written(false, async show => { show('1'); show('2') }), '')
  t.equal(await written(false, async (show, clock) => {
    for (let at = 1; at <= 12; at++) {
      clock.pass(1_000)
      show(String(at))
    }
  }), '5\n10\n')
})
