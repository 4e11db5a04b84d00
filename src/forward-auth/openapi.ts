import { answersNothing } from '../http/openapi.ts'

const response = {
  200: answersNothing('May pass. Remote-… say who it is and are empty for a stranger; Cookie has every cookie but the session’s', ['Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Session', 'Cookie']),
  400: answersNothing('Not asked by a trusted proxy itself, or not about a request'),
  401: answersNothing('Has to log in. For a program without Location'),
  403: answersNothing('Is logged in and may not pass, or the path is not normalized'),
  503: answersNothing('It cannot be known right now', ['Retry-After']),
  default: answersNothing('Nobody passes')
}
const toLoginItself = { ...response, 303: answersNothing('Has to log in: to the login, for a browser', ['Location']) }

const summary = 'Who may pass to an application, asked by its proxy'

/** nginx names the whole address. */
export const forNginx = {
  config: { openapi: { summary, isOfSession: true, asks: { 'X-Original-URL': 'the whole address that is asked for', 'X-Original-Method': 'GET when left out' } } },
  schema: { response }
}

/** Caddy and Traefik name it in parts. */
export const forForwarded = {
  config: {
    openapi: {
      summary,
      isOfSession: true,
      asks: { 'X-Forwarded-Proto': 'http or https', 'X-Forwarded-Host': 'the host that is asked for', 'X-Forwarded-Uri': 'its path and query', 'X-Forwarded-Method': 'the method' }
    }
  },
  schema: { response: toLoginItself }
}

/** Envoy sends the request itself, behind a prefix. */
export const forEnvoy = {
  config: { openapi: { summary: `${summary}, with the method, host and path of the request itself`, isOfSession: true, asks: { 'X-Forwarded-Proto': 'http or https' } } },
  schema: { response: toLoginItself }
}
