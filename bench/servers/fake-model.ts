import { startFakeModel } from '../../test/fake-model/server.ts'

/** A model server that answers with so many words, one each `chunkMs`, the first after `firstMs`. */
const fake = await startFakeModel()
fake.otherwise({
  text: Array.from({ length: Number(process.argv[2]) }, () => 'word '),
  firstMs: 50,
  chunkMs: Number(process.argv[3]),
})
process.on('disconnect', () => process.exit())
process.send?.(fake.port)
