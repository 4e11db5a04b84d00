import type { FastifyRequest } from 'fastify'

/**
 * Whether a login page would be of use to whoever asks. A script that fetches would follow the redirect and take the page
 * for its answer, so it is told 401 instead: it says what it is by Accept, by X-Requested-With, or by Sec-Fetch-Mode.
 */
export function wantsPage (request: FastifyRequest): boolean {
  const { 'x-requested-with': requestedWith, 'sec-fetch-mode': mode = 'navigate' } = request.headers
  return requestedWith !== 'XMLHttpRequest' && mode === 'navigate' && request.takesHtml()
}
