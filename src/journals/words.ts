/** Lower case without diacritics: what two spellings of one word have in common. */
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()

const tokens = (text: string): string => ` ${(plain(text).match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []).join(' ')} `

/**
 * Whether a text contains all words of a query, as SQLite's FTS5 would say with each word quoted: a word with
 * punctuation inside is a phrase, a word of nothing but punctuation says nothing. A query without words finds nothing.
 */
export const matches = (query: string): ((text: string) => boolean) => {
  const phrases = queryWords(query)
    .map(tokens)
    .filter((phrase) => phrase.trim() !== '')
  return (text) => {
    const words = tokens(text)
    return phrases.length > 0 && phrases.every((phrase) => words.includes(phrase))
  }
}

/** The words of a query. NUL is a space: FTS5 would take it for the end of the query. */
export const queryWords = (query: string): readonly string[] =>
  query
    .replaceAll('\0', ' ')
    .split(/\s+/u)
    .filter((word) => word !== '')
