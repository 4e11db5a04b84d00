import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import { FormIncomplete, LoginFailed } from '../../../src/errors.ts'
import { sendToLogin } from '../../../src/http/guards.ts'
import { fieldErrors } from '../../../src/http/field-errors.ts'
import { safeReturnUrl } from '../../../src/http/safe-return-url.ts'
import { RETURN_TO_MAX_LENGTH } from '../../../src/http/return-to.ts'
import { EMAIL_MAX } from '../../../src/users/email-address.ts'
import { passwordInput } from '../../../src/credentials/password-input.ts'

const Query = Type.Object({ next: Type.Optional(Type.String({ maxLength: RETURN_TO_MAX_LENGTH })) })
const Form = Type.Object({
  email: Type.String({ minLength: 1, maxLength: EMAIL_MAX }),
  password: passwordInput,
  remember: Type.Optional(Type.Literal('on')),
  next: Type.Optional(Type.String({ maxLength: RETURN_TO_MAX_LENGTH }))
}, { additionalProperties: false })

const sentences = {
  email: 'Enter the email address that you signed up with.',
  password: 'Enter your password.'
}
const wrongLogin = { form: 'The email and the password do not fit together.' }

export default async function login (app: FastifyInstance): Promise<void> {
  const { config } = app

  app.get<{ Querystring: Static<typeof Query> }>('/login', { schema: { querystring: Query } }, async (request, reply) => {
    const returnTo = safeReturnUrl(request.query.next, config)
    if (request.identity?.account) return await reply.redirect(returnTo ?? '/dashboard', 303)
    return await reply.page('login', { values: { email: '', next: returnTo ?? '', remember: false }, errors: {} })
  })

  app.post<{ Body: Static<typeof Form> }>('/login', { config: { isExpensive: true }, schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    const { email = '', password, remember } = request.body
    const returnTo = safeReturnUrl(request.body.next, config)
    const form = { values: { email, next: returnTo ?? '', remember: remember === 'on' } }
    if (Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'login', { ...form, errors })

    const attempt = await request.admit(passwords => request.beginLogin(passwords, { email, password, remember: remember === 'on', returnTo }))
    if (attempt === null) return await reply.refuse(new LoginFailed(), 'login', { ...form, errors: wrongLogin })
    if (!await request.completeLogin(attempt)) return sendToLogin(request, reply)
    request.recordEvent('logged in', { id: attempt.userId })
    return await reply.redirect(attempt.returnTo ?? '/dashboard', 303)
  })
}
