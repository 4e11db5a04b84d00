import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { find } from '../../provision.js'

// Nothing that calls out or waits: no updates, no sync, no QUIC, no GPU that a container has not.
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name that is looked up is a request that would leave this machine. Those of an example are here.
  '--host-resolver-rules=MAP *.example.com 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'
]

/** Chromium as the system brings it, closed when the test ends. Fails where there is none. */
export async function launchChromium (t: Test): Promise<Browser> {
  // Chromium's sandbox refuses to run as root.
  const args = process.getuid?.() === 0 ? [...quiet, '--no-sandbox'] : quiet
  // The cache that brings pages back as they were left: on, as people have it. Playwright alone would switch it off.
  const ignoreDefaultArgs = ['--disable-back-forward-cache']
  const browser = await chromium.launch({ executablePath: find('chromium'), args, ignoreDefaultArgs })
  t.teardown(() => browser.close())
  return browser
}

/** What axe finds wrong with the page as it stands, in one colour scheme: a line for each element. axe is a script: the page must run scripts. */
export async function violationsOf (page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  await page.emulateMedia({ colorScheme })
  // What axe calls legacy looks at the page alone, which is all there is without frames, and takes a third of the time.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({ rules: { 'target-size': { enabled: true } } }).analyze()
  return violations.flatMap(({ id, help, nodes }) => nodes.map(node => `${id}: ${help} (${node.target.join(' ')})`))
}
