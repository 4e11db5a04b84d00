import t from 'tap'
import { logStream } from '../../src/observability/log-stream.ts'

t.test('the log goes to standard output', async t => {
  const written = t.capture(process.stdout, 'write')
  logStream.write('{"msg":"hello"}\n')
  t.strictSame(written().map(({ args }) => args[0]), ['{"msg":"hello"}\n'])
})

t.test('what a reader that stands still does not take is lost, and fills no memory', async t => {
  const written = t.capture(process.stdout, 'write')
  Object.defineProperty(process.stdout, 'writableLength', { value: 2 ** 20, configurable: true })
  t.teardown(() => Reflect.deleteProperty(process.stdout, 'writableLength'))
  logStream.write('{"msg":"hello"}\n')
  t.strictSame(written(), [])
})

t.test('an output that fails does not end the process', async t => {
  t.doesNotThrow(() => process.stdout.emit('error', new Error('ENOSPC')))
})
