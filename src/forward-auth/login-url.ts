import type { Config } from '../config.ts'
import { isNearby } from '../next-place.ts'
import { NEXT_MAX } from '../path-here.ts'
import type { OriginalRequest } from './original-request.ts'

/** The login, which leads back to the original request if it can be repeated: a form that was sent would be lost on the way. */
export function loginUrl ({ url, isRepeatable }: OriginalRequest, config: Pick<Config, 'publicUrl' | 'cookieDomain'>): string {
  const back = new URL(url)
  const canReturn = isRepeatable && back.href.length <= NEXT_MAX && isNearby(back, config)
  return `${config.publicUrl.origin}/login${canReturn ? `?next=${encodeURIComponent(back.href)}` : ''}`
}
