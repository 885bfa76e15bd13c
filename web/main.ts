import { createClient } from '../src/client/client.ts'
import { startApp } from './app.ts'

startApp(createClient({ name: 'web' }))
