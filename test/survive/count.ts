import type { Stored } from './driver.ts'

/** What one client was shown over all its lives: of each prompt every text that was not just the beginning of a later one. */
export interface Memory {
  /** Takes note of what is on the screen now. */
  readonly see: (prompt: string, text: string) => void
  /** The screen is empty again. */
  readonly reload: () => void
  /** Everything that was ever shown, by prompt. */
  readonly ever: () => ReadonlyMap<string, readonly string[]>
  /** What is on the screen. */
  readonly now: () => ReadonlyMap<string, string>
}

export const memory = (): Memory => {
  const ever = new Map<string, string[]>()
  let now = new Map<string, string>()
  return {
    see: (prompt, text) => {
      const before = now.get(prompt) ?? ''
      if (now.has(prompt) && text === before) return
      const texts = ever.get(prompt) ?? []
      // It grew: the longer one stands for both.
      if (texts.at(-1) === before && text.startsWith(before)) texts[texts.length - 1] = text
      else texts.push(text)
      ever.set(prompt, texts)
      now.set(prompt, text)
    },
    reload: () => {
      now = new Map()
    },
    ever: () => ever,
    now: () => now,
  }
}

/** A line of the table. Everything that is named lost, doubled or twice must be 0. */
export interface Line {
  readonly server: string
  readonly 'tokens shown': number
  readonly 'tokens stored': number
  /** Shown to somebody and not stored there, or stored and in the end not shown to somebody. */
  readonly 'tokens lost': number
  /** Shown twice. */
  readonly 'tokens doubled': number
  readonly 'prompts sent': number
  /** Whose sender was told that the server has it; a page that is reloaded before is not there to be told. */
  readonly 'prompts acked': number
  readonly 'prompts run': number
  /** Acknowledged and not stored, or never brought to an end. */
  readonly 'prompts lost': number
  readonly 'run twice': number
}

/** The answers are numbers, each once, so that a token is told from every other. */
const tokensOf = (text: string): readonly string[] => text.split(/\s+/).filter((token) => token !== '')

export const count = (
  server: string,
  memories: readonly Memory[],
  stored: readonly Stored[],
  prompts: { readonly sent: readonly string[]; readonly acked: readonly string[] },
): Line => {
  const kept = new Map(stored.map(({ prompt, text }) => [prompt, tokensOf(text)]))
  let [shown, lost, doubled] = [0, 0, 0]
  for (const one of memories) {
    for (const [prompt, texts] of one.ever()) {
      const have = new Set(kept.get(prompt))
      const seen = new Set(texts.flatMap(tokensOf))
      shown += seen.size
      for (const token of seen) if (!have.has(token)) lost += 1
      doubled += Math.max(...texts.map((text) => tokensOf(text).length - new Set(tokensOf(text)).size))
    }
    for (const [prompt, tokens] of kept) {
      const now = new Set(tokensOf(one.now().get(prompt) ?? ''))
      for (const token of tokens) if (!now.has(token)) lost += 1
    }
  }
  const times = (prompt: string): number => stored.filter((one) => one.prompt === prompt).length
  const ended = new Set(stored.flatMap(({ prompt, ended: over }) => (over ? [prompt] : [])))
  return {
    server,
    'tokens shown': shown,
    'tokens stored': [...kept.values()].reduce((sum, tokens) => sum + tokens.length, 0),
    'tokens lost': lost,
    'tokens doubled': doubled,
    'prompts sent': prompts.sent.length,
    'prompts acked': prompts.acked.length,
    'prompts run': stored.filter(({ runs }) => runs > 0).length,
    'prompts lost': prompts.acked.filter((prompt) => !ended.has(prompt)).length,
    'run twice':
      prompts.sent.filter((prompt) => times(prompt) > 1).length + stored.filter(({ runs }) => runs > 1).length,
  }
}

/** What must be 0. */
export const harmOf = (line: Line): number =>
  line['tokens lost'] + line['tokens doubled'] + line['prompts lost'] + line['run twice']

/** Lines as text, one column a name, numbers to the right. */
export const table = (lines: readonly Line[]): string => {
  const names = Object.keys(lines[0] ?? {}) as (keyof Line)[]
  const cell = (value: string | number): string => (typeof value === 'number' ? value.toLocaleString('en') : value)
  const rows = [names, ...lines.map((line) => names.map((name) => cell(line[name])))]
  const widths = names.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n')
}
