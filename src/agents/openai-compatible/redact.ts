/** Takes out of a provider's words what must not be shown. */
export type Redact = (text: string) => string

/** Code units of a message that are looked at: what is shown is far shorter. */
const looked = 2000
/** How much of a key's start or end gives it away. OpenAI shows the first and last few characters of a wrong key. */
const telling = 5

/**
 * A redactor for one key: words that carry its start or its end, anything that looks like a key of a known kind, and
 * control characters are replaced.
 */
export const createRedact = (key: string | undefined): Redact => {
  const signs = key !== undefined && key.length >= telling ? [key.slice(0, telling), key.slice(-telling)] : []
  return (text) =>
    text
      .slice(0, looked)
      .toWellFormed()
      .replace(/\p{Cc}+/gu, ' ')
      .replace(/\bBearer\s+\S+/gi, '[redacted]')
      .replace(/[^\s"'`,;:()<>[\]{}=]+/g, (word) =>
        looksLikeKey(word) || signs.some((sign) => word.includes(sign)) ? '[redacted]' : word,
      )
      .trim()
}

const looksLikeKey = (word: string): boolean =>
  /^(sk|pk|rk|key|api|gsk|xai|hf|AIza)[-_*]?[\w*-]{12,}\.?$/.test(word) && /[\d*]/.test(word)
