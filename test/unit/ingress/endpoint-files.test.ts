import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, open, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EndpointFiles, FILES_PACE_MS } from '#ingress/endpoint-files.ts'
import { WatchedEndpoints } from '#ingress/endpoint-store.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import {
  becomes,
  namesIn,
  PATIENCE,
  SECRET,
  setOf,
  writtenLater,
  yamlOf,
} from './endpoint-texts.ts'

/** Longer than any test: what is read then was asked for. */
const NEVER = 600_000

let folder: TemporaryFolder
let running: WatchedEndpoints[] = []
let lines: Record<string, unknown>[] = []
let reloads: [result: string, count: number][] = []

beforeEach(async () => {
  folder = await temporaryFolder('endpoints')
  running = []
  lines = []
  reloads = []
})

afterEach(async () => {
  for (const files of running) await files.stop()
  await folder.remove()
})

function at(name: string): string {
  return join(folder.path, name)
}

/** Puts a file in its place whole, as a careful operator does. */
async function put(name: string, text: string): Promise<void> {
  await writeFile(at('part'), text)
  await rename(at('part'), at(name))
}

async function watching(path: string, pollMs = 10): Promise<WatchedEndpoints> {
  const write = (line: string) => void lines.push(JSON.parse(line))
  const files = new WatchedEndpoints({
    source: new EndpointFiles(path),
    pollMs,
    paceMs: FILES_PACE_MS,
    log: pino({ level: 'debug' }, { write }),
    onReload: (result, count) => reloads.push([result, count]),
  })
  running.push(files)
  await files.start()
  return files
}

function events(): unknown[] {
  return lines.map(({ event }) => event)
}

/** Looks at the files once more, now. */
async function lookedAgain(files: WatchedEndpoints): Promise<void> {
  await files.stop()
  await files.start()
}

describe('the endpoints of a file', () => {
  it('are read from JSON', async () => {
    await writeFile(at('e.json'), setOf('a', 'b'))
    const files = await watching(at('e.json'))
    expect(namesIn(files)).toEqual(['a', 'b'])
    expect(reloads).toEqual([['loaded', 2]])
    expect(files.problem()).toBeNull()
  })

  it('are read from YAML', async () => {
    await writeFile(at('e.yaml'), yamlOf('a').join(''))
    const files = await watching(at('e.yaml'))
    expect(files.current()?.get('whk_a')).toMatchObject({ liveMode: true, tenantId: 'tnt_a' })
  })

  it('are read from a folder of both, whatever else lies there', async () => {
    await writeFile(at('1.json'), setOf('a'))
    await writeFile(at('2.yml'), setOf('b'))
    await writeFile(at('3.yaml'), setOf('c'))
    for (const name of ['notes.txt', 'x.json.bak', '.json~', 'json']) {
      await writeFile(at(name), '{')
    }
    expect(namesIn(await watching(folder.path))).toEqual(['a', 'b', 'c'])
  })

  it('are read again when the file is written', async () => {
    await writeFile(at('e.json'), setOf('a'))
    const files = await watching(at('e.json'))
    await writeFile(at('e.json'), setOf('b', 'c'))
    await becomes(files, 'b', 'c')
  })

  it('are never those of a file that is half written', async () => {
    const [head, ...items] = yamlOf('a', 'b')
    await writeFile(at('e.yaml'), [head, ...items].join(''))
    const files = await watching(at('e.yaml'), 1)
    for (let time = 0; time < 20; time += 1) {
      await writeFile(at('e.yaml'), `${head}${items[0]}`)
      for (let turns = 0; turns < 50; turns += 1) await turn()
      await appendFile(at('e.yaml'), `${items[1]}# ${time}\n`)
      for (let turns = 0; turns < 50; turns += 1) await turn()
    }
    const before = reloads.length
    await writeFile(at('e.yaml'), [head, ...items, '# the end'].join(''))
    await eventually(() => reloads.length > before, PATIENCE)
    expect(namesIn(files)).toEqual(['a', 'b'])
    expect(new Set(reloads.map(([, count]) => count))).toEqual(new Set([2]))
  })

  it('are read again when a file is added to the folder or taken away', async () => {
    await writeFile(at('1.json'), setOf('a'))
    const files = await watching(folder.path)
    await writeFile(at('2.json'), setOf('b'))
    await becomes(files, 'a', 'b')
    await rm(at('1.json'))
    await becomes(files, 'b')
  })

  it('are read again when a link is swapped at once, as Kubernetes does', async () => {
    await mkdir(at('..v1'))
    await writeFile(join(at('..v1'), 'e.json'), setOf('a'))
    await symlink('..v1', at('..data'))
    await symlink(join('..data', 'e.json'), at('e.json'))
    const files = await watching(folder.path)
    expect(namesIn(files)).toEqual(['a'])
    await mkdir(at('..v2'))
    await writtenLater(join(at('..v2'), 'e.json'), setOf('b'), at('e.json'))
    await symlink('..v2', at('..data_tmp'))
    await rename(at('..data_tmp'), at('..data'))
    await becomes(files, 'b')
    expect(reloads.every(([result]) => result === 'loaded')).toBe(true)
  })

  it('are all of one moment: what was swapped while it was read is read again', async () => {
    const swap = async (volume: string) => {
      await symlink(volume, at('..data_tmp'))
      await rename(at('..data_tmp'), at('..data'))
    }
    for (const volume of ['..v1', '..v2']) {
      await mkdir(at(volume))
      await writeFile(join(at(volume), '1.json'), setOf(`1${volume}`))
    }
    await swap('..v1')
    await symlink('..data/1.json', at('1.json'))
    // Its reading waits for a writer, so that the swap comes in between.
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', at('2.json')])
    const reading = new EndpointFiles(folder.path).read()
    const pipe = await open(at('2.json'), 'w')
    for (let turns = 0; turns < 200; turns += 1) await turn()
    await swap('..v2')
    await pipe.writeFile(setOf('2..v2'))
    await pipe.close()
    expect(await reading).toEqual({ kind: 'unsettled' })
  })

  it('follow each swap of several Secrets that are mounted as one folder', async () => {
    const names = ['1.json', '2.json', '3.json']
    const volume = async (generation: number) => {
      await mkdir(at(`..v${generation}`))
      for (const [n, name] of names.entries()) {
        await writeFile(join(at(`..v${generation}`), name), setOf(`${n}_${generation}`))
      }
      await symlink(`..v${generation}`, at('..data_tmp'))
      await rename(at('..data_tmp'), at('..data'))
    }
    await volume(0)
    for (const name of names) await symlink(`..data/${name}`, at(name))
    const files = await watching(folder.path, 1)
    for (let generation = 1; generation <= 10; generation += 1) {
      await volume(generation)
      await rm(at(`..v${generation - 1}`), { recursive: true })
      await becomes(files, ...names.map((_, n) => `${n}_${generation}`))
    }
    expect(reloads.every(([result]) => result === 'loaded')).toBe(true)
  })

  it('are read again when another file of the same size and time takes its place', async () => {
    const time = new Date('2026-01-01T00:00:00Z')
    await writeFile(at('e.json'), setOf('a'))
    await utimes(at('e.json'), time, time)
    const files = await watching(at('e.json'))
    await writtenLater(at('new'), setOf('b'), at('e.json'))
    await utimes(at('new'), time, time)
    await rename(at('new'), at('e.json'))
    await becomes(files, 'b')
  })

  it('are not parsed again as long as nothing changes', async () => {
    await writeFile(at('e.json'), setOf('a'))
    const files = await watching(at('e.json'), NEVER)
    const before = files.current()
    for (let look = 0; look < 3; look += 1) await lookedAgain(files)
    expect(files.current()).toBe(before)
    expect(reloads).toHaveLength(1)
  })

  it('are all there when there are ten thousand of them, each with two secrets', async () => {
    const secrets = [
      { id: 'k1', value: SECRET },
      { id: 'k2', value: `${SECRET}2` },
    ]
    const endpoints = Array.from({ length: 10_000 }, (_, n) => ({
      id: `whk_${n}`,
      tenant_id: `tnt_${n}`,
      live_mode: n % 2 === 0,
      secrets,
    }))
    await writeFile(at('e.json'), JSON.stringify({ endpoints }))
    const loaded = (await watching(at('e.json'))).current()
    expect(loaded?.size).toBe(10_000)
    for (const [n, endpoint] of [...(loaded?.values() ?? [])].entries()) {
      if (endpoint.id !== `whk_${n}` || endpoint.tenantId !== `tnt_${n}`) expect(endpoint).toBe(n)
      if (endpoint.liveMode !== (n % 2 === 0) || endpoint.secrets.length !== 2) expect(n).toBe(-1)
    }
  })

  it('are remembered by id, so that one that vanished is told from one that was never there', async () => {
    await writeFile(at('e.json'), setOf('a'))
    const files = await watching(at('e.json'))
    await writeFile(at('e.json'), setOf('bb'))
    await becomes(files, 'bb')
    expect([files.seen('whk_a'), files.seen('whk_bb'), files.seen('whk_c')]).toEqual([
      ...[true, true, false],
    ])
  })
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
    await put(name, setOf('a'))
    const files = await watching(at(name))
    await put(name, text)
    await eventually(() => events().includes('endpoints.broken'), PATIENCE)
    await new Promise((resolve) => setImmediate(resolve))
    expect(namesIn(files)).toEqual(['a'])
    expect(files.problem()).toBeNull()
    await put(name, setOf('b'))
    await becomes(files, 'b')
    expect(events()).toEqual(['endpoints.loaded', 'endpoints.broken', 'endpoints.loaded'])
    expect(reloads).toEqual([
      ['loaded', 1],
      ['failed', 1],
      ['loaded', 1],
    ])
    expect(JSON.stringify(lines)).not.toContain(SECRET)
  })

  it('of a folder is named, with the place in it', async () => {
    await writeFile(at('1.json'), setOf('a'))
    await writeFile(at('2.yaml'), 'endpoints: [7]')
    expect((await watching(folder.path)).problem()).toBe('2.yaml, endpoint 1: is no object')
  })

  it('is shouted about once, however often it is looked at', async () => {
    await writeFile(at('e.json'), `{"x":${SECRET}`)
    const files = await watching(at('e.json'), NEVER)
    for (let look = 0; look < 3; look += 1) await lookedAgain(files)
    expect(events()).toEqual(['endpoints.broken'])
  })

  it('never lets a warning of the YAML parser out, which quotes the line', async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => void warnings.push(warning.message)
    process.on('warning', listen)
    try {
      await writeFile(at('e.yaml'), `endpoints: []\nsecret: !vault ${SECRET}\n`)
      await watching(at('e.yaml'))
      await new Promise((resolve) => setImmediate(resolve))
      expect(reloads).toHaveLength(1)
      expect(warnings.join()).not.toContain(SECRET)
    } finally {
      process.off('warning', listen)
    }
  })

  it('leaves the store unloaded when there never was a good state, and says so', async () => {
    await writeFile(at('e.json'), '{')
    const files = await watching(at('e.json'))
    expect(files.current()).toBeNull()
    expect(files.problem()).toBe('e.json cannot be read (SyntaxError)')
    await writeFile(at('e.json'), setOf('a'))
    await becomes(files, 'a')
    expect(files.problem()).toBeNull()
  })

  it('may be missing at the start, and is read once it is there', async () => {
    const files = await watching(at('e.json'))
    expect(files.problem()).toBe('cannot be read (ENOENT)')
    await writeFile(at('e.json'), setOf('a'))
    await becomes(files, 'a')
  })

  it('may be missing for a while, and each time that is shouted about', async () => {
    await mkdir(at('mount'))
    await writeFile(join(at('mount'), 'e.json'), setOf('a'))
    await symlink('mount', at('mounted'))
    const files = await watching(at('mounted'))
    const count = (result: string) => reloads.filter(([kind]) => kind === result).length
    for (let time = 1; time <= 2; time += 1) {
      await rm(at('mounted'))
      await eventually(() => count('failed') === time, PATIENCE)
      expect(namesIn(files)).toEqual(['a'])
      await symlink('mount', at('mounted'))
      await eventually(() => count('loaded') === time + 1, PATIENCE)
    }
  })

  it('is a folder without any file, which is a mount that is not there', async () => {
    await writeFile(at('e.json'), setOf('a'))
    const files = await watching(folder.path)
    await rm(at('e.json'))
    await eventually(() => events().includes('endpoints.broken'), PATIENCE)
    expect(namesIn(files)).toEqual(['a'])
  })
})

describe('a refresh', () => {
  it('finds what was written before it was asked for, however many ask', async () => {
    await writeFile(at('e.json'), setOf('a'))
    const files = await watching(at('e.json'), NEVER)
    for (let time = 0; time < 5; time += 1) {
      const noise = Array.from({ length: 50 }, () => files.refresh())
      await put('e.json', setOf(`b${time}`))
      await files.refresh()
      expect(namesIn(files)).toEqual([`b${time}`])
      await Promise.all(noise)
    }
  })

  it('shares one reading among all who ask at the same time', async () => {
    await writeFile(at('e.json'), setOf('a'))
    const files = await watching(at('e.json'), NEVER)
    await writeFile(at('e.json'), setOf('bb'))
    await Promise.all(Array.from({ length: 50 }, () => files.refresh()))
    expect(namesIn(files)).toEqual(['bb'])
    expect(reloads).toHaveLength(2)
  })
})
