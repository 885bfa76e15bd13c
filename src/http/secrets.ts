/** The set-up is not safe enough to start: exit with `exitCode` (sysexits EX_CONFIG) and show the message. */
export class UnsafeSetup extends Error {
  override readonly name = 'UnsafeSetup'
  readonly exitCode = 78
}

/** Words that placeholder secrets are made of. A secret of which little is left without them is one. */
const words = [
  'development', 'characters', 'production', '1234567890', '0123456789', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiop',
  'password', 'holdfast', 'keyboard', 'letmein', 'default', 'example', 'replace', 'randomly', 'generated', 'random',
  'please', 'secret', 'change', 'string', 'insert', 'minimum', 'super', 'token', 'value', 'admin', 'least', 'this', 'your',
  'here', 'test', 'with', 'long', 'very', 'some', 'jwt', 'key', 'api', 'cat', 'dev', 'use', 'the', 'for', 'my', 'me', 'to',
  'in', 'at', 'a',
] // prettier-ignore
const rest = (value: string): string =>
  words.reduce((left, word) => left.replaceAll(word, ''), value.toLowerCase().replaceAll(/[^a-z\d]/g, ''))

/**
 * Refuses a configured secret that can be guessed: under 32 bytes, made of placeholder words, or of too few different
 * characters to be random.
 * @param name the setting, for the message; the value is never shown
 * @throws UnsafeSetup
 */
export const assertStrongSecret = (name: string, value: string): void => {
  if (Buffer.byteLength(value) >= 32 && new Set(value).size >= 10 && rest(value).length >= 16) return
  throw new UnsafeSetup(
    `${name} can be guessed: use at least 32 random bytes, for example from "openssl rand -base64 32"`,
  )
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)

/**
 * Refuses to serve other machines without a credential. `insecure` (no credential is asked for at all) is only ever
 * possible on a loopback address.
 * @throws UnsafeSetup
 */
export const assertSafeBinding = (host: string, hasCredential: boolean, insecure: boolean): void => {
  if (isLoopback(host) || (hasCredential && !insecure)) return
  throw new UnsafeSetup(
    insecure
      ? `Serving without authentication is only possible on a loopback address, not on ${host}`
      : `Other machines can reach ${host} and no key exists: make one with "holdfast keys create --name NAME" first`,
  )
}
