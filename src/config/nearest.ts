/** Edits between two words (Wagner and Fischer, 1974). */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of one.split('').entries()) {
    const next = [i + 1]
    for (const [j, same] of other.split('').entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === same ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}

/** The known word that was probably meant, when one is near enough. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const near = known
    .map((name) => ({ name, edits: distance(word.slice(0, 100).toLowerCase(), name.toLowerCase()) }))
    .sort((one, other) => one.edits - other.edits)[0]
  return near !== undefined && near.edits <= Math.max(2, word.length / 3) ? near.name : undefined
}
