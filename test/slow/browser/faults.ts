import type { Page } from 'playwright-core'
import { violationsOf } from './chromium.ts'

export const height = 800

/** What axe finds, in both colour schemes and both on a desk and on a phone, and what is too wide for a small phone. */
export async function faultsOf (page: Page): Promise<string[]> {
  const faults: string[] = []
  await page.setViewportSize({ width: 320, height })
  faults.push(...await sticksOut(page))
  // No colour depends on the width, nor a width on the colours: two looks tell as much as four.
  for (const [scheme, width] of [['light', 1280], ['dark', 360]] as const) {
    await page.setViewportSize({ width, height })
    faults.push(...(await violationsOf(page, scheme)).map(fault => `${scheme}, ${width} px: ${fault}`))
  }
  return faults
}

/** What makes the page scroll sideways, or is cut off on the left, where nobody can scroll to. */
export async function sticksOut (page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const out = [...document.querySelectorAll('body *')].filter(element => {
      const { left, right, width } = element.getBoundingClientRect()
      return width > 0 && (left < -1 || right > clientWidth + 1)
    })
    return [...(scrollWidth > clientWidth ? ['scrolls by ' + (scrollWidth - clientWidth)] : []), ...out.map(element => element.outerHTML.slice(0, 80))]
  })()`)
}
