/** What wapiti reports and is no fault here, by what it says, with the reason. Everything else is a fault. */
const explained: Record<string, string> = {
  'Lack of anti CSRF token': 'forms have no token: where they come from is checked instead (plugins/web/origin-check.ts)',
  'X-XSS-Protection is not set': 'X-XSS-Protection is not on: it is left out or 0, as OWASP asks, because the filter it turned on was a hole itself',
  'Strict-Transport-Security is not set': 'no HSTS: browsers ignore it over http, and it is sent when PUBLIC_URL is https',
  'Secure flag is not set in the cookie : session': 'the cookie is not Secure: it is when PUBLIC_URL is https',
  'Secure flag is not set in the cookie : device': 'the cookie is not Secure: it is when PUBLIC_URL is https'
}

/** @returns null when it has to be looked at */
export function explanationOf ({ info }: { info: string }): string | null {
  return explained[info] ?? null
}
