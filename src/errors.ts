import createError from '@fastify/error'

/*
 * Every error raised on purpose: a code for programs, a sentence for people, a status.
 * Only the sentences of this file ever reach a client; any other error is answered with its status' own sentence.
 */

export const SessionsUnavailable = createError('SESSIONS_UNAVAILABLE', 'Sessions cannot be read right now. Please try again in a moment.', 503)
export const SessionExists = createError('SESSION_EXISTS', 'A session of this handle exists already.', 500)
export const UsersUnavailable = createError('USERS_UNAVAILABLE', 'Accounts cannot be read right now. Please try again in a moment.', 503)
export const HashingBusy = createError('HASHING_BUSY', 'Too many people are logging in right now. Please try again in a moment.', 503)
