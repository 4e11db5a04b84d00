import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HashingBusy, isOwn, RETRY_AFTER_SECONDS } from '../../src/errors.ts'
import { formatWait } from '../../src/i18n/format-time.ts'

interface Words { heading: string, sentence: string }

const unreadable = {
  heading: 'This request could not be read',
  sentence: 'What arrived is not what our pages send. Please go back and try again.'
}

/** For errors that are not ours, by status. A library's own message may carry a path, a host or a query. */
const words: Record<number, Words> = {
  400: unreadable,
  401: { heading: 'Please log in', sentence: 'Please log in first.' },
  403: { heading: 'This was not accepted', sentence: 'It was not accepted.' },
  404: { heading: 'There is nothing here', sentence: 'There is no such page.' },
  413: { heading: 'This is too large', sentence: 'What arrived is larger than any of our forms.' },
  415: { heading: 'This is not a form', sentence: 'Only the forms of this site are accepted.' },
  429: { heading: 'Too many tries', sentence: 'Please wait a moment and try again.' },
  500: { heading: 'Something went wrong here', sentence: 'This is our mistake, and it was written down. Please try again later.' },
  503: { heading: 'This does not work right now', sentence: 'The service is starting, stopping or busy.' }
}

/** Answers every error, as a page or as JSON: ours with its own sentence, any other with its status' words. */
async function errors (app: FastifyInstance): Promise<void> {
  app.setErrorHandler(answerError)
}

/** @param error of a rate limit: with the seconds to wait */
async function answerError (error: FastifyError & { retryAfter?: number }, request: FastifyRequest, reply: FastifyReply) {
  const statusCode = error.statusCode ?? 500
  const code = error.code ?? 'INTERNAL_SERVER_ERROR'
  // Refusing has to stay cheap in a flood, and where in the code it was refused tells nobody anything.
  if (statusCode >= 500 && !(error instanceof HashingBusy)) request.logFailure(code, error)
  else request.logRefusal(code)
  const { heading, sentence } = words[statusCode] ?? unreadable
  const message = isOwn(error) ? error.message : sentence
  const retryAfter = error.retryAfter ?? (statusCode === 503 ? RETRY_AFTER_SECONDS : null)
  if (retryAfter !== null) reply.header('retry-after', retryAfter)
  reply.code(statusCode)
  // Nobody knows who this is, without the stores or before they are asked, so the navigation must not look logged out.
  const isUserUnknown = statusCode === 503 || statusCode === 403
  if (!request.takesHtml()) return await reply.send({ statusCode, code, error: STATUS_CODES[statusCode], message })
  const wait = retryAfter && formatWait(retryAfter)
  return await reply.page('error', { status: statusCode, heading, message, wait, isUserUnknown })
}

export default fp(errors, { name: 'errors', dependencies: ['views', 'event-log'] })
