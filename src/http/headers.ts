/** The policy of pages: everything from here, nothing inline, in nobody's frame. */
export const pagePolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join('; ')

/** What every answer carries; a page replaces the policy by its own. */
export const securityHeaders = (requestId: string, https: boolean): Readonly<Record<string, string>> => ({
  'x-request-id': requestId,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  ...(https && { 'strict-transport-security': 'max-age=31536000' }),
})
