import t from 'tap'
import { logStream } from '../src/log-stream.ts'

t.test('the log goes to standard output', async t => {
  const written = t.capture(process.stdout, 'write')
  logStream.write('{"msg":"hello"}\n')
  t.strictSame(written().map(({ args }) => args[0]), ['{"msg":"hello"}\n'])
})

t.test('an output that fails does not end the process', async t => {
  t.doesNotThrow(() => process.stdout.emit('error', new Error('ENOSPC')))
})
