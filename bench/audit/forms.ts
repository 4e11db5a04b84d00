import { PASSWORD } from './account.ts'

/** Something that takes input, and how sqlmap is to try it. `*` marks a place within a value. */
export interface Form {
  asks: string
  path: string
  /** Without them it is a GET. */
  fields?: Record<string, string>
  /** The tool is logged in. */
  member: boolean
  options?: string[]
}

const names = { first_name: 'Ada', last_name: 'Byron' }
const login = { email: 'grace1234@example.com', password: PASSWORD, remember: 'on', next: '/account' }
// Behind the @ it would be refused before it is looked up, and with a space as well.
const email = 'grace*@example.com'
const withoutSpaces = ['--tamper', 'space2comment']
// Else the second sign-up finds the email taken, and the sixth login the account held back.
const newEmails = ['--randomize', 'email']
// Each try costs a hash.
const fewer = ['--level', '2']

export const forms: Form[] = [
  { asks: 'POST /signup, names and password', path: '/signup', fields: { ...names, email: login.email, password: PASSWORD }, member: false, options: ['-p', 'first_name,last_name,password', ...newEmails, ...fewer] },
  { asks: 'POST /signup, email', path: '/signup', fields: { ...names, email, password: PASSWORD }, member: false, options: withoutSpaces },
  { asks: 'POST /login, all but the email', path: '/login', fields: login, member: false, options: ['-p', 'password,remember,next', ...newEmails, ...fewer] },
  { asks: 'POST /login, email', path: '/login', fields: { ...login, email }, member: false, options: withoutSpaces },
  { asks: 'GET /login?next=', path: '/login?next=/account', member: false },
  { asks: 'POST /account/profile', path: '/account/profile', fields: names, member: true },
  { asks: 'POST /account/email', path: '/account/email', fields: { email, current_password: PASSWORD }, member: true, options: withoutSpaces },
  { asks: 'POST /account/password', path: '/account/password', fields: { current_password: PASSWORD, new_password: 'harbour-lantern-quiet-42' }, member: true, options: fewer },
  { asks: 'POST /account/reauthenticate', path: '/account/reauthenticate', fields: { password: PASSWORD, next: '/account' }, member: true, options: fewer },
  { asks: 'GET /account/reauthenticate?next=', path: '/account/reauthenticate?next=/account', member: true },
  { asks: 'POST /account/delete', path: '/account/delete', fields: { current_password: 'not my password at all' }, member: true, options: fewer },
  { asks: 'POST /account/devices/<handle>/revoke', path: '/account/devices/x*/revoke', fields: {}, member: true },
  { asks: 'browser and address, as events keep them', path: '/account/profile', fields: names, member: true, options: ['--user-agent', 'Mozilla/5.0 Firefox/142.0*', '--header', 'X-Forwarded-For: 198.18.0.1*'] },
  { asks: 'the cookies', path: '/account', member: false, options: ['--cookie', 'session=x*; device=y*'] }
]
