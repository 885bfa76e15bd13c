export { createGateway, type Gateway, type GatewayOptions } from './gateway/gateway.ts'
export { createServer, type ServeOptions } from './http/serve.ts'
export { start, type Holdfast, type StartOptions } from './start.ts'
