import { expect, onTestFinished, test } from 'vitest'
import { count, harmOf, memory, table } from './count.ts'
import { forgetful } from './forgetful.ts'
import { holdfast } from './holdfast.ts'
import { survive } from './survive.ts'

const run = async (kind: 'holdfast' | 'forgetful') => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  const own = await holdfast()
  onTestFinished(() => own.close())
  const driver = kind === 'holdfast' ? own : forgetful(own, own)
  const { line } = await survive({ driver, seed, seconds: 4, long: 600 })
  console.log(`seed ${seed}\n${table([line])}`)
  return line
}

test('[I1] [I2] [I3] [I4] survive: nothing is lost, doubled or run twice', async () => {
  const line = await run('holdfast')
  expect(line['tokens shown']).toBeGreaterThan(1000)
  expect(harmOf(line)).toBe(0)
})

test('negative control: a client that drops what comes during a cut is caught by the same table', async () => {
  const line = await run('forgetful')
  expect(line['tokens lost']).toBeGreaterThan(0)
})

test('every kind of harm has its column', () => {
  const reader = memory()
  reader.see('a', '1 2 3')
  reader.see('a', '1 2 3 3 4')
  reader.see('b', '1 2')
  reader.see('b', '9')
  reader.reload()
  reader.see('b', '1 2')
  const line = count(
    'x',
    [reader],
    [
      { prompt: 'a', text: '1 2 3 4', runs: 2, ended: true },
      { prompt: 'b', text: '1 2 3', runs: 1, ended: true },
      { prompt: 'c', text: '', runs: 1, ended: true },
      { prompt: 'c', text: '', runs: 1, ended: true },
    ],
    { sent: ['a', 'b', 'c', 'd', 'e'], acked: ['a', 'b', 'c', 'd'] },
  )
  expect(line).toMatchObject({
    // Of a four, of b one, that came back; 9 was shown and is nowhere; a is not on the screen any more, of b the 3 never was.
    'tokens shown': 7,
    'tokens stored': 7,
    'tokens lost': 1 + 4 + 1,
    'tokens doubled': 1,
    'prompts lost': 1,
    'run twice': 2,
  })
})
