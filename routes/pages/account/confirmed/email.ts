import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import { EmailTaken, FormIncomplete } from '../../../../src/errors.ts'
import { fieldErrors } from '../../../../src/field-errors.ts'
import { canonicalEmail } from '../../../../src/users/email-address.ts'
import { signUpForm } from '../../../../src/users/sign-up-form.ts'

const emailTaken = { email: 'This email has an account already. Use another one.' }

export default async function email (app: FastifyInstance): Promise<void> {
  const { schema, sentences } = signUpForm(app.config.passwordMinLength)
  const Form = Type.Pick(schema, ['email'], { additionalProperties: false })

  app.get('/account/email', (_request, reply) => reply.page('account/email', { values: { email: '' }, errors: {} }))

  app.post<{ Body: Partial<Static<typeof Form>> }>('/account/email', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    const values = { email: '', ...request.body }
    const email = canonicalEmail(values.email)
    if (email === null) errors.email = sentences.email
    if (email === null || Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/email', { values, errors })

    await request.limitSignUps()
    const changed = await app.users.changeEmail(request.currentUser!.id, email)
    if (!changed) return await reply.refuse(new EmailTaken(), 'account/email', { values, errors: emailTaken })
    request.recordEvent('email changed')
    return await reply.redirect('/account', 303)
  })
}
