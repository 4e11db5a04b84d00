import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { FormIncomplete, PasswordChanged, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors, type FieldErrors } from '../../../src/field-errors.ts'
import { handleOf } from '../../../src/sessions/session-handle.ts'
import { givenPassword } from '../../../src/users/given-password.ts'
import { passwordProblem } from '../../../src/users/password-policy.ts'
import type { User } from '../../../src/users/user-repository.ts'

const Form = Type.Object({ current_password: givenPassword, new_password: givenPassword }, { additionalProperties: false })

const sentences = {
  current_password: 'Enter the password that you have now.',
  new_password: 'Choose a new password (up to 1024 characters).'
}
const wrongPassword = { current_password: 'This is not your password.' }
const changedMeanwhile = { current_password: 'Your password was changed elsewhere a moment ago, so it was not changed here.' }

export default async function password (app: FastifyInstance): Promise<void> {
  const view = (errors: FieldErrors = {}) => ({ errors, passwordMinLength: app.config.passwordMinLength })

  app.get('/account/password', (_request, reply) => reply.page('account/password', view()))

  app.post<{ Body: Static<typeof Form> }>('/account/password', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const incomplete = fieldErrors(request.validationError?.validation, sentences)
    const [user, { current_password: current, new_password: chosen }] = [request.currentUser!, request.body]
    const errors = { ...problemOf(app, user, chosen), ...incomplete }
    if (Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/password', view(errors))

    if (!await request.isOwnPassword(current)) return await reply.refuse(new PasswordWrong(), 'account/password', view(wrongPassword))
    const changed = await app.users.changePassword(user.id, user.passwordHash, await app.passwords.hash(chosen))
    if (changed === null) return await reply.refuse(new PasswordChanged(), 'account/password', view(changedMeanwhile))
    request.recordEvent('password changed')
    await request.logIn(changed, { remember: request.session.remembered === true })
    await request.rememberDeviceFor(changed)
    await endOthers(app, request)
    return await reply.redirect('/account', 303)
  })
}

function problemOf ({ config }: FastifyInstance, user: User, password = ''): FieldErrors {
  const site = { minLength: config.passwordMinLength, siteName: config.publicUrl.hostname }
  const problem = passwordProblem({ ...user, password, ...site })
  return problem === null ? {} : { new_password: problem }
}

// They are dead already, by the raised epoch: this only tidies up.
async function endOthers ({ sessions }: FastifyInstance, { currentUser, session, log }: FastifyRequest) {
  await sessions.revokeAllOf(currentUser!.id, handleOf(session.sessionId)).catch(err => log.warn({ err }, 'ended sessions were not removed'))
}
