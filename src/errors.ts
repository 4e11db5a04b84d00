import createError from '@fastify/error'

/*
 * Every error raised on purpose: a code for programs, a sentence for people, a status.
 * Only the sentences of this file ever reach a client; any other error is answered with its status' own sentence.
 */

const ownCodes = new Set<string>()

function own (code: string, sentence: string, statusCode: number) {
  ownCodes.add(code)
  return createError(code, sentence, statusCode)
}

/** Tells our errors, whose sentences may be shown, from everybody else's. */
export function isOwn (error: Error & { code?: string }): boolean {
  return error.code !== undefined && ownCodes.has(error.code)
}

/** Seconds after which trying again makes sense, sent as Retry-After with each 503. */
export const RETRY_AFTER_SECONDS = 5

export const SessionsUnavailable = own('SESSIONS_UNAVAILABLE', 'Sessions cannot be read right now.', 503)
export const SessionNotYetValid = own('SESSION_NOT_YET_VALID', 'The clock of this service was set back, so your session cannot be used right now. You are still logged in.', 503)
export const SessionExists = own('SESSION_EXISTS', 'A session of this handle exists already.', 500)
export const UsersUnavailable = own('USERS_UNAVAILABLE', 'Accounts cannot be read right now.', 503)
export const HashingBusy = own('HASHING_BUSY', 'Too many people are logging in right now.', 503)
export const NotOverHttps = own('NOT_OVER_HTTPS', 'Logging in is not possible until this site is set up for https. Its operator finds the reason in the log.', 503)

export const AddressUnreadable = own('ADDRESS_UNREADABLE', 'This address cannot be read. Part of it may be missing.', 400)
export const FormUnreadable = own('FORM_UNREADABLE', 'The form was sent with %s.', 400)
export const FormIncomplete = own('FORM_INCOMPLETE', 'Something in the form needs another look.', 400)
export const LoginFailed = own('LOGIN_FAILED', 'The email and the password do not fit together.', 401)
export const LoginRequired = own('LOGIN_REQUIRED', 'Please log in first.', 401)
export const ReauthenticationRequired = own('PASSWORD_REQUIRED', 'Please give your password again first.', 401)
export const PasswordWrong = own('PASSWORD_WRONG', "That isn't your current password.", 401)
export const ForeignForm = own('FOREIGN_FORM', 'This form was not sent from a page of this site, so it was not accepted. Open the page here and send it again.', 403)
export const PageNotFound = own('PAGE_NOT_FOUND', 'There is no such page.', 404)
export const TooManyAttempts = own('TOO_MANY_GUESSES', 'There were too many tries to log into this account. Please wait before the next one.', 429)
export const TooManySignUps = own('TOO_MANY_SIGN_UPS', 'There were too many sign-ups from your network. Please wait before the next one.', 429)
export const EmailTaken = own('EMAIL_TAKEN', 'This email has an account already.', 409)

/** A setting that cannot be used. Its message is the one sentence that the operator sees. */
export class SettingError extends Error {}
