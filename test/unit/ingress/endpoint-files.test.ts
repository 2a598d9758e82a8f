import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, open, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EndpointFiles } from '#ingress/endpoint-files.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { FilesStage, lookedAgain, NEVER } from './endpoint-files-stage.ts'
import {
  becomes,
  namesIn,
  PATIENCE,
  SECRET,
  setOf,
  writtenLater,
  yamlOf,
} from './endpoint-texts.ts'

let stage: FilesStage

beforeEach(async () => {
  stage = await FilesStage.set()
})

afterEach(async () => {
  await stage.clear()
})

describe('the endpoints of a file', () => {
  it('are read from JSON', async () => {
    await writeFile(stage.at('e.json'), setOf('a', 'b'))
    const files = await stage.watching(stage.at('e.json'))
    expect(namesIn(files)).toEqual(['a', 'b'])
    expect(stage.reloads).toEqual([['loaded', 2]])
    expect(files.problem()).toBeNull()
  })

  it('are read from YAML', async () => {
    await writeFile(stage.at('e.yaml'), yamlOf('a').join(''))
    const files = await stage.watching(stage.at('e.yaml'))
    expect(files.current()?.get('whk_a')).toMatchObject({ liveMode: true, tenantId: 'tnt_a' })
  })

  it('are read from a folder of both, whatever else lies there', async () => {
    await writeFile(stage.at('1.json'), setOf('a'))
    await writeFile(stage.at('2.yml'), setOf('b'))
    await writeFile(stage.at('3.yaml'), setOf('c'))
    for (const name of ['notes.txt', 'x.json.bak', '.json~', 'json']) {
      await writeFile(stage.at(name), '{')
    }
    expect(namesIn(await stage.watching(stage.folder))).toEqual(['a', 'b', 'c'])
  })

  it('are read again when the file is written', async () => {
    await writeFile(stage.at('e.json'), setOf('a'))
    const files = await stage.watching(stage.at('e.json'))
    await writeFile(stage.at('e.json'), setOf('b', 'c'))
    await becomes(files, 'b', 'c')
  })

  it('are never those of a file that is half written', async () => {
    const [head, ...items] = yamlOf('a', 'b')
    await writeFile(stage.at('e.yaml'), [head, ...items].join(''))
    const files = await stage.watching(stage.at('e.yaml'), 1)
    for (let time = 0; time < 20; time += 1) {
      await writeFile(stage.at('e.yaml'), `${head}${items[0]}`)
      for (let turns = 0; turns < 50; turns += 1) await turn()
      await appendFile(stage.at('e.yaml'), `${items[1]}# ${time}\n`)
      for (let turns = 0; turns < 50; turns += 1) await turn()
    }
    const before = stage.reloads.length
    await writeFile(stage.at('e.yaml'), [head, ...items, '# the end'].join(''))
    await eventually(() => stage.reloads.length > before, PATIENCE)
    expect(namesIn(files)).toEqual(['a', 'b'])
    expect(new Set(stage.reloads.map(([, count]) => count))).toEqual(new Set([2]))
  })

  it('are read again when a file is added to the folder or taken away', async () => {
    await writeFile(stage.at('1.json'), setOf('a'))
    const files = await stage.watching(stage.folder)
    await writeFile(stage.at('2.json'), setOf('b'))
    await becomes(files, 'a', 'b')
    await rm(stage.at('1.json'))
    await becomes(files, 'b')
  })

  it('are read again when a link is swapped at once, as Kubernetes does', async () => {
    await mkdir(stage.at('..v1'))
    await writeFile(join(stage.at('..v1'), 'e.json'), setOf('a'))
    await symlink('..v1', stage.at('..data'))
    await symlink(join('..data', 'e.json'), stage.at('e.json'))
    const files = await stage.watching(stage.folder)
    expect(namesIn(files)).toEqual(['a'])
    await mkdir(stage.at('..v2'))
    await writtenLater(join(stage.at('..v2'), 'e.json'), setOf('b'), stage.at('e.json'))
    await symlink('..v2', stage.at('..data_tmp'))
    await rename(stage.at('..data_tmp'), stage.at('..data'))
    await becomes(files, 'b')
    expect(stage.reloads.every(([result]) => result === 'loaded')).toBe(true)
  })

  it('are all of one moment: what was swapped while it was read is read again', async () => {
    const swap = async (volume: string) => {
      await symlink(volume, stage.at('..data_tmp'))
      await rename(stage.at('..data_tmp'), stage.at('..data'))
    }
    for (const volume of ['..v1', '..v2']) {
      await mkdir(stage.at(volume))
      await writeFile(join(stage.at(volume), '1.json'), setOf(`1${volume}`))
    }
    await swap('..v1')
    await symlink('..data/1.json', stage.at('1.json'))
    // Its reading waits for a writer, so that the swap comes in between.
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', stage.at('2.json')])
    const reading = new EndpointFiles(stage.folder).read()
    const pipe = await open(stage.at('2.json'), 'w')
    for (let turns = 0; turns < 200; turns += 1) await turn()
    await swap('..v2')
    await pipe.writeFile(setOf('2..v2'))
    await pipe.close()
    expect(await reading).toEqual({ kind: 'unsettled' })
  })

  it('follow each swap of several Secrets that are mounted as one folder', async () => {
    const names = ['1.json', '2.json', '3.json']
    const volume = async (generation: number) => {
      await mkdir(stage.at(`..v${generation}`))
      for (const [n, name] of names.entries()) {
        await writeFile(join(stage.at(`..v${generation}`), name), setOf(`${n}_${generation}`))
      }
      await symlink(`..v${generation}`, stage.at('..data_tmp'))
      await rename(stage.at('..data_tmp'), stage.at('..data'))
    }
    await volume(0)
    for (const name of names) await symlink(`..data/${name}`, stage.at(name))
    const files = await stage.watching(stage.folder, 1)
    for (let generation = 1; generation <= 10; generation += 1) {
      await volume(generation)
      await rm(stage.at(`..v${generation - 1}`), { recursive: true })
      await becomes(files, ...names.map((_, n) => `${n}_${generation}`))
    }
    expect(stage.reloads.every(([result]) => result === 'loaded')).toBe(true)
  })

  it('are read again when another file of the same size and time takes its place', async () => {
    const time = new Date('2026-01-01T00:00:00Z')
    await writeFile(stage.at('e.json'), setOf('a'))
    await utimes(stage.at('e.json'), time, time)
    const files = await stage.watching(stage.at('e.json'))
    await writtenLater(stage.at('new'), setOf('b'), stage.at('e.json'))
    await utimes(stage.at('new'), time, time)
    await rename(stage.at('new'), stage.at('e.json'))
    await becomes(files, 'b')
  })

  it('are not parsed again as long as nothing changes', async () => {
    await writeFile(stage.at('e.json'), setOf('a'))
    const files = await stage.watching(stage.at('e.json'), NEVER)
    const before = files.current()
    for (let look = 0; look < 3; look += 1) await lookedAgain(files)
    expect(files.current()).toBe(before)
    expect(stage.reloads).toHaveLength(1)
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
    await writeFile(stage.at('e.json'), JSON.stringify({ endpoints }))
    const loaded = (await stage.watching(stage.at('e.json'))).current()
    expect(loaded?.size).toBe(10_000)
    for (const [n, endpoint] of [...(loaded?.values() ?? [])].entries()) {
      if (endpoint.id !== `whk_${n}` || endpoint.tenantId !== `tnt_${n}`) expect(endpoint).toBe(n)
      if (endpoint.liveMode !== (n % 2 === 0) || endpoint.secrets.length !== 2) expect(n).toBe(-1)
    }
  })

  it('are remembered by id, so that one that vanished is told from one that was never there', async () => {
    await writeFile(stage.at('e.json'), setOf('a'))
    const files = await stage.watching(stage.at('e.json'))
    await writeFile(stage.at('e.json'), setOf('bb'))
    await becomes(files, 'bb')
    expect([files.seen('whk_a'), files.seen('whk_bb'), files.seen('whk_c')]).toEqual([
      ...[true, true, false],
    ])
  })
})

describe('a refresh', () => {
  it('finds what was written before it was asked for, however many ask', async () => {
    await writeFile(stage.at('e.json'), setOf('a'))
    const files = await stage.watching(stage.at('e.json'), NEVER)
    for (let time = 0; time < 5; time += 1) {
      const noise = Array.from({ length: 50 }, () => files.refresh())
      await stage.put('e.json', setOf(`b${time}`))
      await files.refresh()
      expect(namesIn(files)).toEqual([`b${time}`])
      await Promise.all(noise)
    }
  })

  it('shares one reading among all who ask at the same time', async () => {
    await writeFile(stage.at('e.json'), setOf('a'))
    const files = await stage.watching(stage.at('e.json'), NEVER)
    await writeFile(stage.at('e.json'), setOf('bb'))
    await Promise.all(Array.from({ length: 50 }, () => files.refresh()))
    expect(namesIn(files)).toEqual(['bb'])
    expect(stage.reloads).toHaveLength(2)
  })
})
