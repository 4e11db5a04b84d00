import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { FormIncomplete, PasswordChanged, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors, type FieldErrors } from '../../../src/field-errors.ts'
import { handleOf } from '../../../src/sessions/session-handle.ts'
import { givenPassword } from '../../../src/users/given-password.ts'
import { lengthProblem, passwordProblem } from '../../../src/users/password-policy.ts'
import type { Passwords } from '../../../src/users/passwords.ts'
import type { User } from '../../../src/users/user-repository.ts'

const Form = Type.Object({ current_password: givenPassword, new_password: givenPassword }, { additionalProperties: false })

const sentences = {
  current_password: 'Enter the password that you have now.',
  new_password: 'Choose a new password (up to 1024 characters).'
}
const wrongPassword = { current_password: 'This is not your password.' }
const changedMeanwhile = { current_password: 'Your password was changed elsewhere a moment ago, so it was not changed here.' }

type PasswordRequest = FastifyRequest<{ Body: Static<typeof Form> }>
interface Refusal { error: FastifyError, errors: FieldErrors }

export default async function password (app: FastifyInstance): Promise<void> {
  const { passwordMinLength: minLength, publicUrl } = app.config
  const view = (errors: FieldErrors = {}) => ({ errors, passwordMinLength: minLength })

  app.get('/account/password', (_request, reply) => reply.page('account/password', view()))

  app.post<{ Body: Static<typeof Form> }>('/account/password', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const outcome = await request.admit(passwords => attempt(request, passwords))
    if ('error' in outcome) return await reply.refuse(outcome.error, 'account/password', view(outcome.errors))
    request.recordEvent('password changed')
    await request.logIn(outcome, { remember: request.session.remembered === true })
    await request.rememberDeviceFor(outcome)
    await endOthers(app, request)
    return await reply.redirect('/account', 303)
  })

  async function attempt (request: PasswordRequest, passwords: Passwords): Promise<User | Refusal> {
    const incomplete = fieldErrors(request.validationError?.validation, sentences)
    const [user, { current_password: current, new_password: chosen = '' }] = [request.currentUser!, request.body]
    const tooShort = lengthProblem(chosen, minLength)
    const errors = { ...(tooShort && { new_password: tooShort }), ...incomplete }
    if (Object.keys(errors).length > 0) return { error: new FormIncomplete(), errors }
    if (!await request.isOwnPassword(passwords, current)) return { error: new PasswordWrong(), errors: wrongPassword }
    // After the current one was given: nobody else may have passwords estimated as often as they like.
    const problem = passwordProblem({ ...user, password: chosen, minLength, siteName: publicUrl.hostname })
    if (problem !== null) return { error: new FormIncomplete(), errors: { new_password: problem } }
    const changed = await app.users.changePassword(user.id, user.passwordHash, await passwords.hash(chosen))
    return changed ?? { error: new PasswordChanged(), errors: changedMeanwhile }
  }
}

// They are dead already, by the raised epoch: this only tidies up.
async function endOthers ({ sessions }: FastifyInstance, { currentUser, session, log }: FastifyRequest) {
  await sessions.revokeAllOf(currentUser!.id, handleOf(session.sessionId)).catch(err => log.warn({ err }, 'ended sessions were not removed'))
}
