import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Authority } from '../../../src/accounts/authority.ts'
import { changePassword } from '../../../src/accounts/change-password.ts'
import { FormIncomplete, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors, type FieldErrors } from '../../../src/http/field-errors.ts'
import { accountOf, sendToLogin } from '../../../src/http/guards.ts'
import { clientOf } from '../../../src/http/client-of.ts'
import { passwordInput } from '../../../src/credentials/password-input.ts'
import { lengthProblem, passwordProblem } from '../../../src/credentials/password-policy.ts'
import type { Passwords } from '../../../src/credentials/passwords.ts'

const Form = Type.Object({ current_password: passwordInput, new_password: passwordInput }, { additionalProperties: false })

const sentences = {
  current_password: 'Enter your current password.',
  new_password: 'Choose a new password (up to 1024 characters).'
}
const wrongPassword = { current_password: "That isn't your current password." }

type PasswordRequest = FastifyRequest<{ Body: Static<typeof Form> }>
interface Refusal { error: FastifyError, errors: FieldErrors }
/** The hash of the new password, and what the current one authorizes. */
interface Change { authority: Authority, passwordHash: string }

export default async function password (app: FastifyInstance): Promise<void> {
  const { passwordMinLength: minLength, publicUrl } = app.config
  const view = (errors: FieldErrors = {}) => ({ errors, passwordMinLength: minLength })

  app.get('/account/password', (_request, reply) => reply.page('account/password', view()))

  app.post<{ Body: Static<typeof Form> }>('/account/password', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const outcome = await request.admit(passwords => attempt(request, passwords))
    if ('error' in outcome) return await reply.refuse(outcome.error, 'account/password', view(outcome.errors))
    if (!await changePassword(request.transact, outcome.authority, outcome.passwordHash, clientOf(request))) return sendToLogin(request, reply)
    request.logEvent('password changed', 'success')
    const goesOn = await request.continueAlone({ method: 'pwd', at: app.now() })
    return goesOn ? await reply.redirect('/account', 303) : sendToLogin(request, reply)
  })

  async function attempt (request: PasswordRequest, passwords: Passwords): Promise<Change | Refusal> {
    const incomplete = fieldErrors(request.validationError?.validation, sentences)
    const [user, { current_password: current, new_password: chosen = '' }] = [accountOf(request), request.body]
    const tooShort = lengthProblem(chosen, minLength)
    const errors = { ...(tooShort && { new_password: tooShort }), ...incomplete }
    if (Object.keys(errors).length > 0) return { error: new FormIncomplete(), errors }
    const proven = await request.reauthenticate(passwords, current)
    if (proven === null) return { error: new PasswordWrong(), errors: wrongPassword }
    // After the current one was given: nobody else may have passwords estimated as often as they like.
    const problem = passwordProblem({ ...user, password: chosen, minLength, siteName: publicUrl.hostname })
    if (problem !== null) return { error: new FormIncomplete(), errors: { new_password: problem } }
    return { authority: proven.authority, passwordHash: await passwords.hash(chosen) }
  }
}
