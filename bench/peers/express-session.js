import { RedisStore } from 'connect-redis'
import ejs from 'ejs'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { aboutSession, dashboard, loggedIn, userOf } from './same.js'

/* Express 5 with express-session and connect-redis, at their defaults where they have any. */

const { PORT, REDIS_URL, VIEWS } = process.env
const client = createClient({ url: REDIS_URL })
await client.connect()

const app = express()
app.set('view engine', 'ejs')
app.set('views', VIEWS)
app.engine('ejs', (path, data, done) => ejs.renderFile(path, data, { root: VIEWS, cache: true, compileDebug: false }, done))
app.use(session({
  store: new RedisStore({ client, prefix: 'express:' }),
  secret: 'a secret that nobody else has to know',
  resave: false,
  saveUninitialized: false
}))

app.post('/login', (request, response) => {
  Object.assign(request.session, loggedIn())
  response.sendStatus(204)
})

app.get('/session', (request, response) => {
  const user = userOf(request.session)
  if (!user) return response.status(401).json({ message: 'Please log in first.' })
  response.json(aboutSession(user, request.session))
})

app.get('/dashboard', (request, response) => {
  const user = userOf(request.session)
  if (!user) return response.redirect(303, '/login')
  response.render('dashboard', dashboard(user, request.session))
})

app.listen(Number(PORT), '127.0.0.1', () => console.log('listening'))
