#!/usr/bin/env node
// In a clone the sources run as they are; in a package, what they were compiled to. This file runs on any Node.
import { existsSync } from 'node:fs'

const needed = 24
if (Number(process.versions.node.split('.')[0]) < needed) {
  console.error(
    `holdfast: needs Node ${needed} or newer, this is ${process.versions.node}. In a clone, npm start brings its own.`,
  )
  process.exit(69)
}
const source = new URL('../src/cli.ts', import.meta.url)
const built = new URL('../lib/cli.js', import.meta.url)
await import(existsSync(source) ? source : built)
