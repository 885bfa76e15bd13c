import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

export const resultsFile = 'dist/test-results.json'

const read = () => {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * What became of the tests, in one line that a script can read. A file that could not be loaded is one failed test,
 * and so is a run that failed outside of any test: the line never says less than the exit code.
 * @param code the exit code of the test runner
 */
export const summaryLine = (code) => {
  const report = read()
  const files = report?.testResults ?? []
  const broken = files.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
  const count = (...states) =>
    files.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => states.includes(status)).length
  const failed = count('failed') + broken.length
  return `${count('passed')} passed, ${code === 0 ? failed : Math.max(1, failed)} failed, ${count('skipped', 'pending', 'todo', 'disabled')} skipped`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(summaryLine(Number(process.argv[2] ?? 0)))
