import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import helmet from 'helmet'
import type { Site } from '../sessions/session-cookie.ts'

const YEAR_SECONDS = 31_536_000

/** What no page here asks a browser for, so that nothing that gets into one can. */
const unusedFeatures = [
  'accelerometer', 'autoplay', 'camera', 'display-capture', 'encrypted-media', 'fullscreen', 'gamepad', 'geolocation', 'gyroscope', 'hid',
  'idle-detection', 'local-fonts', 'magnetometer', 'microphone', 'midi', 'payment', 'picture-in-picture', 'screen-wake-lock', 'serial', 'usb', 'xr-spatial-tracking'
]

/** The headers of every answer: pages, errors, files, and what Node refuses before it is a request (OWASP ASVS 5.0, V3.4). */
export function securityHeaders (config: Site): Record<string, string> {
  return {
    ...helmetHeaders(config),
    'permissions-policy': unusedFeatures.map(feature => `${feature}=()`).join(', '),
    // What was on the screen of somebody who has logged out must not come back with the back button. A file says otherwise for itself.
    'cache-control': 'no-store'
  }
}

function helmetHeaders ({ publicUrl, cookieDomain }: Site): Record<string, string> {
  // Written down once, on an answer that is never sent: they are the same for all.
  const answer = new ServerResponse(new IncomingMessage(new Socket()))
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        // The stylesheet draws its icons as data: images.
        imgSrc: ["'self'", 'data:'],
        // A login leads to the applications that share it, and browsers hold a form's redirects to this as well.
        formAction: ["'self'", ...(cookieDomain === undefined ? [] : [`https://${cookieDomain}:*`, `https://*.${cookieDomain}:*`])],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"]
      }
    },
    strictTransportSecurity: publicUrl.protocol === 'https:' && { maxAge: YEAR_SECONDS, includeSubDomains: true },
    // `no-referrer` would make Chromium send `Origin: null` with our own forms, and the origin check would refuse them.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' }
  })(answer.req, answer, () => {})
  return answer.getHeaders() as Record<string, string>
}
