import { keyNames } from '../config/keys.ts'
import type { Command, OptionSpec } from './command.ts'

const json: OptionSpec = { help: 'For programs: one JSON object a line, nothing else.' }
/** How a command finds the server. */
const remote = {
  url: { value: 'URL', help: 'The server. Default: HOLDFAST_URL, else the one that runs on the data folder.' },
} as const

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Start the gateway (this is what happens without a command)',
    usage: ['[serve] [flags]'],
    about: [
      'Prints the address to open, with a ticket in it that signs you in once. The first start makes a key, shows it once and keeps it in the file "key" of the data folder.',
      'Ctrl-C or SIGTERM lets running turns end (drain_ms); a second one stops at once. Whatever stops it, nothing that was shown or acknowledged is lost.',
    ],
    options: { json: { help: 'Greet with one JSON line, for programs.' } },
    keys: keyNames,
    examples: [
      ['holdfast', 'the demo agent on http://127.0.0.1:8080'],
      ['OPENAI_BASE_URL=http://127.0.0.1:1234/v1 holdfast', 'the models of LM Studio'],
      ['holdfast --port 9000 --data ./state', 'another port, another data folder'],
      ['holdfast --host 0.0.0.0 --allowed-hosts chat.example.org', 'for other machines; make a key first'],
    ],
    load: () => import('./serve.ts'),
  },
  {
    name: 'chat',
    summary: 'Talk to an agent in this terminal',
    usage: ['chat [SESSION] [flags]'],
    about: [
      'Ctrl-C leaves; the answer goes on without you, and the session id that is printed takes it up again, here or on another device. /stop ends the running turn. Questions of the agent are answered by the key that stands before each choice.',
      'With standard input from a pipe every line is one prompt, and only the answers are printed.',
    ],
    options: {
      ...remote,
      agent: { value: 'NAME', help: 'Who answers in a new session. Default: the server chooses.' },
      model: { value: 'NAME', help: 'Model of a new session. Default: the agent chooses.' },
    },
    keys: ['data'],
    examples: [
      ['holdfast chat', 'a new session'],
      ['holdfast chat 3f9c…', 'take a session up again'],
      ['echo hello | holdfast chat', 'one prompt, one answer'],
    ],
    load: () => import('./chat.ts'),
  },
  {
    name: 'tail',
    summary: 'Print the events of a session as they come',
    usage: ['tail SESSION [flags]'],
    about: [
      'Reads the log from the beginning, then follows it, over restarts and broken connections, each event once.',
    ],
    options: {
      ...remote,
      json,
      from: { value: 'SEQ', help: 'Only events after this number. Default 0: all.' },
      follow: { help: 'Only what comes from now on.' },
      once: { help: 'Stop at the end of the log instead of waiting for more.' },
    },
    keys: ['data'],
    examples: [
      ['holdfast tail 3f9c…', 'for people'],
      ['holdfast tail 3f9c… --json --from 120 | jq .type', 'for programs'],
    ],
    load: () => import('./tail.ts'),
  },
  {
    name: 'sessions',
    summary: 'List, show, export and remove sessions',
    usage: ['sessions [ls] [flags]', 'sessions show SESSION', 'sessions export SESSION', 'sessions rm SESSION…'],
    about: ['"export" prints one JSON object: the session with every message, tool call and question.'],
    options: { ...remote, json, limit: { value: 'N', help: 'How many to list, 1 to 500. Default 100.' } },
    keys: ['data'],
    examples: [
      ['holdfast sessions', 'the newest first'],
      ['holdfast sessions show 3f9c…', 'the conversation as text'],
      ['holdfast sessions export 3f9c… > session.json', ''],
    ],
    load: () => import('./sessions.ts'),
  },
  {
    name: 'keys',
    summary: 'Create, list and revoke keys, also while the server runs',
    usage: ['keys create --name NAME [--role ROLE]', 'keys [list]', 'keys revoke ID'],
    about: [
      'A key is shown when it is made and never again: only its hash is kept. Revoking one takes effect at once and closes its connections.',
      'Roles: owner (everything), editor (read, write, approve), viewer (read).',
    ],
    options: {
      json,
      name: { value: 'NAME', help: 'What the key is for: a device, a program.' },
      role: { value: 'ROLE', help: 'owner, editor or viewer. Default owner.' },
      user: { value: 'NAME', help: 'The person it stands for. Sessions belong to a person. Default: the owner.' },
    },
    keys: ['data'],
    examples: [
      ['holdfast keys create --name phone', 'a key for another device'],
      ['holdfast keys create --name ci --role viewer --json', 'prints {"id","key","prefix"}'],
      ['holdfast keys revoke 5d41402abc4b2a76', ''],
    ],
    load: () => import('./keys.ts'),
  },
  {
    name: 'link',
    summary: 'Print an address that signs a browser in once',
    usage: ['link [flags]'],
    about: ['The ticket in it is good for 30 seconds and for one use.'],
    options: { ...remote, json },
    keys: ['data'],
    examples: [['holdfast link', 'open the page without typing a key']],
    load: () => import('./link.ts'),
  },
  {
    name: 'doctor',
    summary: 'Check the set-up and say what to do',
    usage: ['doctor [flags]'],
    about: [
      'Changes nothing, and works before the first start. Exit code: 0 all is well, 1 with warnings, 2 when something is wrong.',
    ],
    options: { json },
    keys: keyNames,
    examples: [
      ['holdfast doctor', ''],
      ['holdfast doctor --json', 'one JSON object'],
    ],
    load: () => import('./doctor.ts'),
  },
  {
    name: 'backup',
    summary: 'Copy the journal into a file, also while the server runs',
    usage: ['backup FILE [flags]'],
    about: [
      'The copy is checked, and is written whole or not at all. To restore it, stop the server and put it in the place of the journal: clients notice, and read again.',
      'Keys are not in it: they are in identity.db of the data folder.',
    ],
    options: { ...remote, json, force: { help: 'Replace FILE if it is there.' } },
    keys: ['data', 'database'],
    examples: [['holdfast backup ~/holdfast-monday.db', '']],
    load: () => import('./backup.ts'),
  },
  {
    name: 'verify',
    summary: 'Check every row of a journal',
    usage: ['verify [FILE] [flags]'],
    about: [
      'Reads the whole journal, or a backup: checksums, holes and doubles in the logs, turns with two ends, messages that differ from their log. Exit code 65 when something is damaged.',
    ],
    options: { json },
    keys: ['data', 'database'],
    examples: [
      ['holdfast verify', 'the journal of the data folder'],
      ['holdfast verify ~/holdfast-monday.db', 'a backup'],
    ],
    load: () => import('./verify.ts'),
  },
  {
    name: 'config',
    summary: 'Print every setting: value, where it comes from, default, help',
    usage: ['config [flags]'],
    about: [
      'Flags win over environment variables, those over one file, that over the defaults. The file is JSON, {"port": 9000}: holdfast.json in the data folder, or what --config or HOLDFAST_CONFIG names. Nothing in it is expanded.',
    ],
    options: { json: { help: 'One JSON object.' } },
    keys: keyNames,
    examples: [
      ['holdfast config', ''],
      ['HOLDFAST_PORT=9000 holdfast config --json | jq .port', ''],
    ],
    load: () => import('./config.ts'),
  },
]
