import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLogFile, rotation } from '#local/parts/log-file.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'))
  file = join(folder, 'kafka.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('rotation moves the oldest first, so that none is overwritten before its turn', () => {
  expect(rotation('k', 3)).toEqual([
    ['k.2', 'k.3'],
    ['k.1', 'k.2'],
    ['k', 'k.1'],
  ])
})

test('each start has a log of its own, and only the last few are kept', () => {
  for (const run of ['1', '2', '3', '4']) {
    const log = openLogFile(file, { maxBytes: 100, keptFiles: 2 })
    log.append(Buffer.from(run))
    log.close()
  }
  const content = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  expect(content).toEqual(['4', '3', '2'])
})

test('a part that never stops writing fills no disk', () => {
  const log = openLogFile(file, { maxBytes: 10, keptFiles: 1 })
  for (let line = 0; line < 100; line += 1) log.append(Buffer.from(`line${line % 10}\n`))
  log.close()
  const sizes = readdirSync(folder).map((name) => readFileSync(join(folder, name)).length)
  expect(sizes.length).toBe(2)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(10)
})

test('the tail is the last lines, whatever was rotated away', () => {
  const log = openLogFile(file, { maxBytes: 4, keptFiles: 1 })
  for (const line of ['one\n', 'two\n', 'six\n']) log.append(Buffer.from(line))
  log.close()
  expect(log.tail(2)).toBe('two\nsix')
})
