import { Failure } from '../core/failures.ts'

/** The authority of a Host header: `name` lower-cased and without port, `text` as it stands. */
export interface Authority {
  readonly name: string
  readonly text: string
}

const shape = /^(\[[\da-f:.]{2,45}\]|[a-z\d._-]{1,253})(?::\d{1,5})?$/
export const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/** All values of a header as they came: what Node joins or drops, a proxy in front may have read differently. */
export const rawValues = (rawHeaders: readonly string[], name: string): readonly string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)

/**
 * Reads the one Host header. Nothing else (absolute-form targets, X-Forwarded-Host) says who is meant.
 * @throws Failure `invalid_request` when it is missing, doubled or not an authority
 */
export const parseHost = (rawHeaders: readonly string[]): Authority => {
  const values = rawValues(rawHeaders, 'host')
  const text = values[0]?.toLowerCase() ?? ''
  const name = shape.exec(text)?.[1]
  if (values.length !== 1 || name === undefined) throw new Failure('invalid_request', 'The Host header is not valid')
  return { name, text }
}

/** The address of our end of a connection as a Host header would write it. */
const asName = (address: string): string => {
  const plain = address.replace('::ffff:', '')
  return plain.includes(':') ? `[${plain}]` : plain
}

/**
 * Whether a request for this host is meant for us: stops DNS rebinding, where a page's own name is made to point here.
 * The loopback names pass at any port (a forwarded port is still this machine, and a page cannot lie about either), so
 * does the bare address that was connected to (an address cannot be rebound), and what is configured: `name` or `name:port`.
 */
export const isOurs = (host: Authority, hosts: readonly string[], localAddress: string | undefined): boolean =>
  loopbackNames.includes(host.name) ||
  hosts.includes(host.text) ||
  hosts.includes(host.name) ||
  (localAddress !== undefined && host.name === asName(localAddress))
