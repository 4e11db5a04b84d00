import type { FastifyInstance } from 'fastify'
import { EmailTaken, FormIncomplete } from '../../src/errors.ts'
import { fieldErrors, type FieldErrors } from '../../src/field-errors.ts'
import { canonicalEmail } from '../../src/users/email-address.ts'
import { passwordProblem } from '../../src/users/password-policy.ts'
import { signUpForm, type SignUpFields } from '../../src/users/sign-up-form.ts'
import { signUp } from '../../src/users/sign-up.ts'
import type { User } from '../../src/users/user-repository.ts'

const emptyForm = { first_name: '', last_name: '', email: '' }
const emailTaken = { email: 'This email has an account already. Log in instead, or use another email.' }

export default async function signup (app: FastifyInstance): Promise<void> {
  const { passwordMinLength } = app.config
  const { schema, sentences } = signUpForm(passwordMinLength)

  app.get('/signup', async (request, reply) => {
    if (request.currentUser !== null) return await reply.redirect('/dashboard', 303)
    return await reply.page('signup', { values: emptyForm, errors: {}, passwordMinLength })
  })

  app.post<{ Body: SignUpFields }>('/signup', { schema: { body: schema }, attachValidation: true }, async (request, reply) => {
    const incomplete = fieldErrors(request.validationError?.validation, sentences)
    const errors = { ...passwordErrors(app, request.body), ...incomplete }
    const { password, ...values } = request.body
    const email = canonicalEmail(values.email ?? '')
    if (email === null) errors.email = sentences.email
    const form = { values: { ...emptyForm, ...values }, passwordMinLength }
    if (email === null || Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'signup', { ...form, errors })

    await request.limitSignUps()
    const person = { firstName: values.first_name.trim(), lastName: values.last_name.trim(), email, password }
    const user = await signUp(app.users, app.passwords, person)
    if (user === null) return await reply.refuse(new EmailTaken(), 'signup', { ...form, errors: emailTaken })
    await request.logIn(user).catch(takeBack(app, user))
    await request.rememberDeviceFor(user)
    request.recordEvent('signed up', user)
    return await reply.redirect('/dashboard', 303)
  })
}

// Whoever is told that it did not work has to be able to try again.
function takeBack ({ users, log }: FastifyInstance, { id }: User) {
  return async (error: unknown) => {
    await users.delete(id).catch(err => log.error({ err, user: id }, 'a sign-up that failed was not taken back'))
    throw error
  }
}

function passwordErrors ({ config }: FastifyInstance, fields: Partial<SignUpFields>): FieldErrors {
  const { password, email, first_name: firstName, last_name: lastName } = { password: '', ...emptyForm, ...fields }
  const site = { minLength: config.passwordMinLength, siteName: config.publicUrl.hostname }
  const problem = passwordProblem({ password, email, firstName, lastName, ...site })
  return problem === null ? {} : { password: problem }
}
