/** A server that can be put to the test: what the harness needs of it, in words that any chat server has. */
export interface Driver {
  /** How it is called in the table. */
  readonly name: string
  /** Where it listens on 127.0.0.1, before and after every kill. */
  readonly port: number
  /** Resolves when it answers. */
  start(): Promise<void>
  /** kill -9. Resolves when the process is gone. */
  kill(): Promise<void>
  /** A client of the one session, that comes through this address. Its name is its for ever, also after a reload. */
  connect(options: { readonly url: string; readonly name: string; readonly shown: Shown }): Client
  /** Everything that is stored, read from the disk: every prompt that was taken, as often as it was, with its answers. */
  stored(): Promise<readonly Stored[]>
  /** Leaves nothing behind. */
  close(): Promise<void>
}

/** Called with each change of what a person sees: the answer to a prompt, whole. */
export type Shown = (prompt: string, text: string) => void

export interface Stored {
  readonly prompt: string
  readonly text: string
  /** How often an agent was started for it, and whether it came to an end. */
  readonly runs: number
  readonly ended: boolean
}

/** One client, until it is closed. A reload is a close and a new client of the same name. */
export interface Client {
  /** Resolves when the server says that it has it; may be never, when the client is closed before. Texts are unique. */
  send(prompt: string): Promise<void>
  /** Prompts that the server has not acknowledged, as far as the client knows. */
  waiting(): number
  /** The page is gone, without a word to anybody. */
  close(): void
}
