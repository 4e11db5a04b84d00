import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { openLogStream } from '../../src/observability/log-stream.ts'

const line = '{"msg":"hello"}\n'

t.test('lines are written as they are', async t => {
  const path = join(t.testdir(), 'log')
  const stream = openLogStream(openSync(path, 'w'))
  for (let count = 0; count < 3; count++) stream.write(line)
  stream.end()
  await once(stream, 'close')
  t.equal(readFileSync(path, 'utf8'), line.repeat(3))
})

t.test('on a full disk lines are lost, and nothing is thrown', async t => {
  const stream = openLogStream(openSync('/dev/full', 'w'))
  const failed = new Promise(resolve => { stream.on('error', resolve) })
  stream.write(line)
  t.match(await failed, { code: 'ENOSPC' })
  t.doesNotThrow(() => stream.write(line))
  stream.destroy()
})

t.test('what a reader that stands still does not take is lost, fills no memory and blocks nothing', async t => {
  const writer = `import { openLogStream } from '../src/observability/log-stream.ts'
    const stream = openLogStream()
    let dropped = 0
    stream.on('drop', () => { dropped++ })
    for (let count = 0; count < 200_000; count++) stream.write(${JSON.stringify(line)})
    console.error(dropped > 0, process.memoryUsage().rss < 400e6)
    process.reallyExit(0)`
  const child = spawn(process.execPath, ['--import=./test/strip-types.js', '--input-type=module', '-e', writer], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.equal(await text(child.stderr), 'true true\n')
  child.stdout.destroy()
})
