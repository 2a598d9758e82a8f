import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLedger, stillRunning } from '#local/parts/ledger.ts'
import { processStart } from '#local/parts/process-start.ts'

const entry = (pid: number, started: string) => ({ name: 'kafka', pid, started, command: 'java' })
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  file = join(folder, 'processes.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a process is ours only when pid and start are the same', () => {
  const starts = new Map([
    [1, 'a'],
    [2, 'later'],
  ])
  const entries = [entry(1, 'a'), entry(2, 'b'), entry(3, 'c')]
  expect(stillRunning(entries, (pid) => starts.get(pid) ?? null)).toEqual([entry(1, 'a')])
})

test('a process that took the pid of one of ours is left alone', async () => {
  const launcher = entry(1, 'gone')
  writeFileSync(file, JSON.stringify({ launcher, children: [entry(process.pid, 'earlier')] }))
  expect(await openLedger(file).stopLeftovers()).toEqual([])
})

test('a second launcher in the same folder is refused while the first one lives', () => {
  const launcher = entry(process.ppid, processStart(process.ppid) ?? '')
  writeFileSync(file, JSON.stringify({ launcher, children: [] }))
  expect(() => openLedger(file)).toThrow(/Another event-router .* LOCAL_DIR/)
})

test('a ledger cut short counts as none', () => {
  writeFileSync(file, '{"launcher":')
  expect(() => openLedger(file)).not.toThrow()
})

test('children are written down with their start, and struck out when they end', () => {
  const ledger = openLedger(file)
  const children = () => JSON.parse(readFileSync(file, 'utf8')).children
  ledger.add('self', process.pid, 'node')
  expect(children()).toEqual([
    { name: 'self', pid: process.pid, started: processStart(process.pid), command: 'node' },
  ])
  ledger.remove(process.pid)
  expect(children()).toEqual([])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})
