import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import { changeEmail } from '../../../src/accounts/change-email.ts'
import { EmailTaken, FormIncomplete, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors } from '../../../src/http/field-errors.ts'
import { sendToLogin } from '../../../src/http/guards.ts'
import { clientOf } from '../../../src/http/client-of.ts'
import { canonicalEmail, EMAIL_MAX } from '../../../src/users/email-address.ts'
import { passwordInput } from '../../../src/credentials/password-input.ts'

const Form = Type.Object({ email: Type.String({ maxLength: EMAIL_MAX }), current_password: passwordInput }, { additionalProperties: false })

const sentences = {
  email: 'Enter an email address, such as name@example.com.',
  current_password: 'Enter your current password.'
}
const wrongPassword = { current_password: "That isn't your current password." }
const emailTaken = { email: "There's already an account with this email. Use another one." }

export default async function email (app: FastifyInstance): Promise<void> {
  app.get('/account/email', (_request, reply) => reply.page('account/email', { values: { email: '' }, errors: {} }))

  app.post<{ Body: Partial<Static<typeof Form>> }>('/account/email', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    const { email: typed = '', current_password: password = '' } = request.body
    const email = canonicalEmail(typed)
    if (email === null) errors.email = sentences.email
    const values = { email: typed }
    if (email === null || Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/email', { values, errors })

    const proven = await request.admit(passwords => request.reauthenticate(passwords, password))
    if (proven === null) return await reply.refuse(new PasswordWrong(), 'account/email', { values, errors: wrongPassword })
    await request.limitSignUps()
    const outcome = await changeEmail(request.transact, proven.authority, email, clientOf(request))
    if (outcome === 'email taken') return await reply.refuse(new EmailTaken(), 'account/email', { values, errors: emailTaken })
    if (outcome === 'conflict') return sendToLogin(request, reply)
    request.logEvent('email changed', 'success')
    return await reply.redirect('/account', 303)
  })
}
