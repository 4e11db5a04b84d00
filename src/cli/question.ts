import { Writable } from 'node:stream'
import { createInterface } from 'node:readline'
import { type Invocation, Failed, type Shell, WrongUsage } from './command.ts'

/**
 * Asks before what cannot be undone.
 * @throws WrongUsage where nobody can answer and `--yes` was not given, Failed when the answer is no
 */
export async function confirm ({ flags, shell }: Invocation, question: string): Promise<void> {
  if (flags.yes) return
  if (!shell.stdin.isTTY || !shell.stderr.isTTY) throw new WrongUsage("This can't be undone. Pass --yes to confirm.")
  const [answer] = await ask(shell, [`${question} [y/N] `]) ?? []
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new Failed('Nothing was changed.')
}

/**
 * The lines typed in answer to the prompts, or null when the terminal was closed or interrupted instead.
 * One reader for all prompts, as a reader that ends takes with it what was typed ahead.
 */
export async function ask ({ stdin, stderr }: Shell, prompts: string[], { hidden = false } = {}): Promise<string[] | null> {
  const nowhere = new Writable({ write: (_piece, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: hidden ? nowhere : stderr, terminal: true, historySize: 0 })
  const typed = lines[Symbol.asyncIterator]()
  let isOpen = true
  lines.once('close', () => { isOpen = false })
  const answers: string[] = []
  try {
    for (const prompt of prompts) {
      if (hidden) stderr.write(prompt)
      lines.setPrompt(prompt)
      // What was typed ahead may have ended it already; newer versions of Node refuse to prompt then.
      if (isOpen) lines.prompt()
      const { value, done } = await typed.next()
      if (hidden || done) stderr.write('\n')
      if (done) return null
      answers.push(value)
    }
    return answers
  } finally {
    lines.close()
  }
}
