import { deeds, faults } from './acts.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'

export interface Step {
  /** Virtual ms. */
  readonly at: number
  readonly name: string
  readonly act: (scene: Scene) => void
}

/** What people do and what goes wrong, and when: all of it drawn before the first event. Half of it comes in bursts, since trouble needs company. */
export const drawScript = (plan: Random, length: number): readonly Step[] => {
  let last = 0
  const when = (): number => {
    last = plan.chance(0.5) ? Math.min(length, last + plan.between(0, 150)) : plan.between(50, length)
    return last
  }
  const some = (acts: typeof deeds, least: number, most: number): readonly Step[] =>
    Array.from({ length: plan.between(least, most) }, () => {
      const [name, act] = plan.pick(Object.entries(acts) as [[string, (typeof acts)[string]]])
      const own = plan.fork()
      return { at: when(), name, act: (scene: Scene) => act(scene, own) }
    })
  const order = plan.chance(0.5)
  const first = order ? some(deeds, 2, 6) : some(faults, 0, 4)
  const second = order ? some(faults, 0, 4) : some(deeds, 2, 6)
  return [...first, ...second]
}
