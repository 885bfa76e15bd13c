import type { Env } from '../core/ports.ts'
import type { Call, Route } from './route.ts'

export interface HealthOptions {
  /** Whether work can be taken on now; `reason` is shown. */
  readonly ready: () => { readonly ok: boolean; readonly reason?: string }
  readonly version: string
  readonly env: Env
}

/**
 * `/livez`: the process turns over; restart it if not. `/readyz`: send it work. `/health`, `/api/health`: for people and
 * older clients. All public, none tells more than that.
 */
export const healthRoutes = ({ ready, version, env }: HealthOptions): readonly Route[] => {
  const started = env.monotonic()
  const get = (path: string, handle: (call: Call) => void): Route => ({ method: 'GET', path, access: 'public', handle })
  const health = (call: Call): void => {
    const { ok, reason } = ready()
    call.send(ok ? 200 : 503, {
      ok,
      status: ok ? 'healthy' : 'unavailable',
      timestamp: new Date(env.now()).toISOString(),
      version,
      uptime_seconds: Math.floor((env.monotonic() - started) / 1000),
      ...(reason !== undefined && { reason }),
    })
  }
  return [
    get('/livez', (call) => call.send(200, { ok: true })),
    get('/readyz', (call) => {
      const { ok, reason } = ready()
      call.send(ok ? 200 : 503, { ok, ...(reason !== undefined && { reason }) })
    }),
    get('/health', health),
    get('/api/health', health),
  ]
}
