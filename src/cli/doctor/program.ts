import { existsSync } from 'node:fs'
import { checkSqlite } from '../../journals/sqlite/connection.ts'
import { version } from '../version.ts'
import { fail, pass, warn, type Check } from './check.ts'

export const checkNode = (): Check => {
  const { node, sqlite = '0' } = process.versions
  const detail = `Holdfast ${version} on Node ${node}, SQLite ${sqlite}`
  try {
    checkSqlite(sqlite)
    return pass('program', detail)
  } catch (error) {
    return fail('program', `${detail}: ${String(error)}`, 'Start with "npm start", which brings a Node that does.')
  }
}

export const checkPage = (): Check =>
  existsSync(new URL('../../../dist/web/index.html', import.meta.url))
    ? pass('page', 'built')
    : warn('page', 'not built: browsers get no page, everything else works', 'npm run build')
