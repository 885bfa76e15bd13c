import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** The terminal, or what stands in for it. */
export interface Io {
  /** A line of what was asked for. */
  out(line: string): void
  /** A line about it: progress, warnings, errors. */
  err(line: string): void
  /** Colours text where the output is a terminal and NO_COLOR is not set. */
  paint(style: Style | readonly Style[], text: string): string
  /** What others wrote, fit for a terminal: no escape sequence in it does anything. A pipe gets it as it is. */
  safe(text: string): string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Everything that a terminal obeys, but for the end of a line and the tab. */
const controls = /[^\P{Cc}\n\t]/gu

/** In a clone nothing is installed: there the program is called through npx. */
const isClone = !import.meta.url.includes('/node_modules/')
/** What starts the gateway here. */
export const startCommand = isClone ? 'npm start' : 'holdfast'

const commandLine = /(?<![\w./-])holdfast(?= (?:[a-z]{4,8}|--?[a-z]+)\b)/g

/** Text for people, with commands as they can be typed here. */
export const asTyped = (text: string): string => (isClone ? text.replace(commandLine, 'npx holdfast') : text)

/** A whole command line, as it can be typed here. */
export const asCommand = (line: string): string =>
  isClone ? line.replace(/(^|[\s|])holdfast(?=\s|$)/g, '$1npx holdfast') : line

export const systemIo = (): Io => {
  const { stdin, stdout, stderr, env } = process
  // `holdfast tail … | head` closes the pipe when it has enough: that is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${asTyped(line)}\n`),
    paint: (style, text) => styleText(typeof style === 'string' ? style : [...style], text, { stream: stdout }),
    safe: (text) => (stdout.isTTY ? text.replace(controls, '\u{FFFD}') : text),
    env,
    cwd: process.cwd(),
    stdin,
    stdout,
    stderr,
  }
}

/** Columns of text, as wide as their widest cell; the last one is not padded. */
export const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** Breaks a paragraph into lines of at most `width` characters. */
export const wrap = (text: string, width: number): readonly string[] =>
  text.split(' ').reduce<readonly string[]>((lines, word) => {
    const last = lines.at(-1)
    return last === undefined || last.length + word.length + 1 > width
      ? [...lines, word]
      : [...lines.slice(0, -1), `${last} ${word}`]
  }, [])
