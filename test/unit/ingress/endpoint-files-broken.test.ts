import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../fixtures/eventually.ts'
import { FilesStage, lookedAgain, NEVER } from './endpoint-files-stage.ts'
import { becomes, namesIn, PATIENCE, SECRET, setOf, yamlOf } from './endpoint-texts.ts'

let stage: FilesStage

beforeEach(async () => {
  stage = await FilesStage.set()
})

afterEach(async () => {
  await stage.clear()
})

describe('a broken file', () => {
  it.each([
    ['half-written', 'e.json', setOf('a', 'b').slice(0, -20)],
    ['empty', 'e.json', ''],
    ['of another shape', 'e.json', `{"endpoint":"${SECRET}"}`],
    ['with one broken endpoint', 'e.json', setOf('b').replace('tnt_b', SECRET)],
    ['YAML with a broken indent', 'e.yaml', `endpoints:\n  - id: ${SECRET}\n - x: [${SECRET}`],
    ['YAML with an alias of nothing', 'e.yaml', `endpoints: *${SECRET}\n`],
    ['YAML with a key twice', 'e.yaml', `endpoints: []\nendpoints: ${SECRET}\n`],
    [
      'YAML that takes seconds to read',
      'e.yaml',
      `#${'x'.repeat(2 ** 20)}\n${yamlOf('b').join('')}`,
    ],
    ['two YAML documents', 'e.yaml', `endpoints: []\n---\nsecret: ${SECRET}\n`],
  ])('keeps the last good state and shouts once: %s', async (_what, name, text) => {
    await stage.put(name, setOf('a'))
    const files = await stage.watching(stage.at(name))
    await stage.put(name, text)
    await eventually(() => stage.events().includes('endpoints.broken'), PATIENCE)
    await new Promise((resolve) => setImmediate(resolve))
    expect(namesIn(files)).toEqual(['a'])
    expect(files.problem()).toBeNull()
    await stage.put(name, setOf('b'))
    await becomes(files, 'b')
    expect(stage.events()).toEqual(['endpoints.loaded', 'endpoints.broken', 'endpoints.loaded'])
    expect(stage.reloads).toEqual([
      ['loaded', 1],
      ['failed', 1],
      ['loaded', 1],
    ])
    expect(JSON.stringify(stage.lines)).not.toContain(SECRET)
  })

  it('of a folder is named, with the place in it', async () => {
    await writeFile(stage.at('1.json'), setOf('a'))
    await writeFile(stage.at('2.yaml'), 'endpoints: [7]')
    expect((await stage.watching(stage.folder)).problem()).toBe('2.yaml, endpoint 1: is no object')
  })

  it('is shouted about once, however often it is looked at', async () => {
    await writeFile(stage.at('e.json'), `{"x":${SECRET}`)
    const files = await stage.watching(stage.at('e.json'), NEVER)
    for (let look = 0; look < 3; look += 1) await lookedAgain(files)
    expect(stage.events()).toEqual(['endpoints.broken'])
  })

  it('never lets a warning of the YAML parser out, which quotes the line', async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => void warnings.push(warning.message)
    process.on('warning', listen)
    try {
      await writeFile(stage.at('e.yaml'), `endpoints: []\nsecret: !vault ${SECRET}\n`)
      await stage.watching(stage.at('e.yaml'))
      await new Promise((resolve) => setImmediate(resolve))
      expect(stage.reloads).toHaveLength(1)
      expect(warnings.join()).not.toContain(SECRET)
    } finally {
      process.off('warning', listen)
    }
  })

  it('leaves the store unloaded when there never was a good state, and says so', async () => {
    await writeFile(stage.at('e.json'), '{')
    const files = await stage.watching(stage.at('e.json'))
    expect(files.current()).toBeNull()
    expect(files.problem()).toBe('e.json cannot be read (SyntaxError)')
    await writeFile(stage.at('e.json'), setOf('a'))
    await becomes(files, 'a')
    expect(files.problem()).toBeNull()
  })

  it('may be missing at the start, and is read once it is there', async () => {
    const files = await stage.watching(stage.at('e.json'))
    expect(files.problem()).toBe('cannot be read (ENOENT)')
    await writeFile(stage.at('e.json'), setOf('a'))
    await becomes(files, 'a')
  })

  it('may be missing for a while, and each time that is shouted about', async () => {
    await mkdir(stage.at('mount'))
    await writeFile(join(stage.at('mount'), 'e.json'), setOf('a'))
    await symlink('mount', stage.at('mounted'))
    const files = await stage.watching(stage.at('mounted'))
    const count = (result: string) => stage.reloads.filter(([kind]) => kind === result).length
    for (let time = 1; time <= 2; time += 1) {
      await rm(stage.at('mounted'))
      await eventually(() => count('failed') === time, PATIENCE)
      expect(namesIn(files)).toEqual(['a'])
      await symlink('mount', stage.at('mounted'))
      await eventually(() => count('loaded') === time + 1, PATIENCE)
    }
  })

  it('is a folder without any file, which is a mount that is not there', async () => {
    await writeFile(stage.at('e.json'), setOf('a'))
    const files = await stage.watching(stage.folder)
    await rm(stage.at('e.json'))
    await eventually(() => stage.events().includes('endpoints.broken'), PATIENCE)
    expect(namesIn(files)).toEqual(['a'])
  })
})
