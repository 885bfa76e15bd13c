import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Settings } from '../config/load.ts'
import { createLogger, type Logger } from '../http/log.ts'
import { start, type Holdfast } from '../start.ts'
import type { Call, Run } from './command.ts'
import { CliError, exit } from './exit.ts'
import { greeting } from './greeting.ts'
import type { Io } from './io.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { version } from './version.ts'

const page = fileURLToPath(new URL('../../dist/web', import.meta.url))

/**
 * How long the address that is printed signs in, ms. security.md's 30 s (S10) are for tickets that a program redeems at
 * once; a person reads first. It is still for one use, for one path, and void after a restart.
 */
const linkLife = 15 * 60_000

export const run: Run = async (call) => {
  if (call.args.length > 0) throw new CliError(exit.usage, 'serve takes flags only. See: holdfast serve --help')
  const settings = call.settings()
  const { io } = call
  const log = logger(settings, io)
  const ended = Promise.withResolvers<number>()
  let holdfast: Holdfast | undefined
  // From the very beginning: whoever stops it while it starts wants it gone.
  onSignals((signal, number) => {
    if (holdfast === undefined) process.exit(128 + number)
    const running = holdfast.running()
    const turns = running === 1 ? '1 turn that runs gets' : `${running} turns that run get`
    if (running > 0) io.err(`Stopping: ${turns} up to ${settings.config.drain_ms / 1000} s. Again stops at once.`)
    log.info({ signal, running }, 'stopping')
    holdfast.stop(settings.config.drain_ms).then(() => ended.resolve(exit.ok), ended.reject)
  })
  holdfast = await begin(settings, log, (error) => {
    log.error({ err: error }, 'the journal cannot go on')
    io.err(`holdfast: the journal cannot go on: ${error.message}. Nothing that was acknowledged is lost. Start again.`)
    process.exit(exit.software)
  })
  // Last resorts: one request's defect is not everybody's outage. What the store cannot do ends the process, above.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'a defect'))
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a defect'))
  const { data } = settings.config
  greet(call, settings, holdfast)
  writeServerFile(data, { pid: process.pid, url: holdfast.url, version })
  try {
    return await ended.promise
  } finally {
    removeServerFile(data)
  }
}

const logger = ({ config }: Settings, io: Io): Logger => {
  const level = config.log_level === 'auto' ? (io.stderr.isTTY ? 'warn' : 'info') : config.log_level
  const to = pino.destination(2)
  // Whoever read the log is gone; the server is not.
  to.on('error', () => {})
  return createLogger({ level, to })
}

const begin = async (settings: Settings, log: Logger, onFatal: (error: Error) => void): Promise<Holdfast> => {
  const { config, origins } = settings
  const exactPort = origins.port.source !== 'default'
  try {
    return await start({ config, log, version, page, onFatal, exactPort })
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    const where = `${config.host}:${config.port}`
    if (error.code === 'EADDRINUSE')
      throw new CliError(
        exit.unavailable,
        `Port ${config.port} is taken by another program (${origins.port.name || 'default'} asked for it). Stop that one, or choose another: --port 0 takes any.`,
        error,
      )
    if (error.code === 'EACCES' && 'syscall' in error && error.syscall === 'listen')
      throw new CliError(exit.noPermission, `Listening on ${where} is not allowed: choose a port above 1023.`, error)
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
      throw new CliError(exit.config, `"${config.host}" is no address of this machine: see --host.`, error)
    throw error
  }
}

const greet = ({ io, switches }: Call, { config, origins }: Settings, holdfast: Holdfast): void => {
  const { url, port, identity, agents, notices } = holdfast
  const owner = identity.owner()
  const ticket = owner === null ? undefined : identity.tickets.issue({ key: owner.key, path: '/' }, linkLife).ticket
  const facts = {
    version,
    url,
    open: ticket === undefined ? url : `${url}/?ticket=${ticket}`,
    ...(identity.first !== undefined && { key: identity.first.key, key_file: identity.first.file }),
    agent: agents[0]?.name ?? '',
    data: config.data,
    pid: process.pid,
  }
  if (switches.has('json')) {
    io.out(JSON.stringify(facts))
    return
  }
  const lines = greeting(
    {
      ...facts,
      agent: agents[0]?.title ?? '',
      demo: agents[0]?.name === 'demo',
      keyFile: existsSync(join(config.data, 'key')) ? join(config.data, 'key') : undefined,
      movedFrom: port !== config.port && config.port !== 0 ? config.port : undefined,
      others: origins.host.source === 'default' || config.host !== '0.0.0.0' ? [] : addresses(port),
      page: existsSync(join(page, 'index.html')),
      linkMinutes: linkLife / 60_000,
      notices,
    },
    io,
  )
  for (const line of lines) io.out(line)
}

/** How other machines reach this one. */
const addresses = (port: number): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => `http://${address}:${port}`)

/** ms within which two signals are one: a terminal and npm each pass Ctrl-C on. */
const together = 500

/** The first signal drains, a later one stops at once. */
const onSignals = (first: (signal: NodeJS.Signals, number: number) => void): void => {
  let since: number | undefined
  const heard = (signal: NodeJS.Signals, number: number): void => {
    if (since === undefined) {
      since = performance.now()
      first(signal, number)
    } else if (performance.now() - since > together) process.exit(128 + number)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heard)
}
