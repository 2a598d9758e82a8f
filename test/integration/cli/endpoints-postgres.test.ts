import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'
import { runCli } from '../../fixtures/cli.ts'
import type { OwnDatabase } from '../../fixtures/own-database.ts'
import { ownDatabase } from '../../fixtures/own-database.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const KEY_A = `a:${Buffer.alloc(32, 1).toString('base64')}`
const KEY_B = `b:${Buffer.alloc(32, 2).toString('base64')}`

let own: OwnDatabase

beforeEach(async () => {
  own = await ownDatabase(inject('databaseUrl'))
})

afterEach(async () => {
  await own.remove()
})

async function sql(text: string) {
  return await own.database.session((session) => session.query({ text, values: [] }))
}

interface Ran {
  readonly code: number
  readonly lines: readonly string[]
  readonly notes: readonly string[]
}

async function run(keys: string, ...args: readonly string[]): Promise<Ran> {
  const lines: string[] = []
  const notes: string[] = []
  const terminal = {
    environment: {
      ENDPOINTS_STORE: 'postgres',
      ENDPOINTS_DATABASE_URL: own.url,
      ENDPOINTS_KEYS: keys,
    },
    line: (text: string) => void lines.push(text),
    note: (text: string) => void notes.push(text),
    stopped: new AbortController().signal,
  }
  try {
    await runCommand(['endpoints', ...args], terminal)
    return { code: 0, lines, notes }
  } catch (error) {
    if (!(error instanceof CliFault)) throw error
    return { code: error.exitCode, lines, notes: [...notes, error.message] }
  }
}

/** A file with endpoints of these names, of tenants of the same names. */
async function fileOf(...names: readonly string[]): Promise<string> {
  const folder = await temporaryFolder('endpoints')
  onTestFinished(() => folder.remove())
  const endpoints = names.map((name) => ({
    id: `whk_${name}`,
    tenant_id: `tnt_${name}`,
    live_mode: false,
    secrets: [{ id: 'k1', value: `whsec_topsecret_${name}` }],
  }))
  const file = join(folder.path, 'e.json')
  await writeFile(file, JSON.stringify({ endpoints }))
  return file
}

describe('the verbs for endpoints in Postgres', () => {
  it('do the same, after an import from a file', async () => {
    const verb = (...args: readonly string[]) => run(KEY_A, ...args)
    expect((await verb('list')).notes[0]).toMatch(/holds no endpoints yet/)
    const file = await fileOf('a', 'b')
    const imports = [await verb('import', '--from', file), await verb('import', '--from', file)]
    expect(imports.flatMap(({ lines }) => lines)).toEqual([
      'imported 2 endpoints (in Postgres); 0 were there already',
      'imported 0 endpoints (in Postgres); 2 were there already',
    ])
    const rotated = await verb('rotate', 'whk_a', '--json')
    expect(JSON.parse(rotated.lines[0] ?? '')).toMatchObject({ secret: 'k2' })
    const last = await verb('retire', 'whk_b', '--secret', 'k1')
    expect(last.notes[0]).toMatch(/last usable secret/)
    await verb('retire', 'whk_a', '--secret', 'k1')
    await verb('disable', 'whk_b')
    await verb('remove', 'whk_b', '--yes')
    const { lines } = await verb('list', '--json')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { id: 'whk_a', state: 'enabled', secrets: 1 },
      { id: 'whk_b', state: 'removed', secrets: 0 },
    ])
    const audit = await sql('SELECT action FROM endpoints.audit ORDER BY id')
    expect(audit.map(({ action }) => String(action).replace('endpoints.', ''))).toEqual([
      ...['import', 'import', 'rotate', 'retire', 'disable', 'remove'],
    ])
  })

  it('say in one line that Postgres is away, or which setting is missing', async () => {
    const away = {
      ENDPOINTS_STORE: 'postgres',
      ENDPOINTS_DATABASE_URL: 'postgres://user:topsecret@127.0.0.1:9/x',
      ENDPOINTS_KEYS: `a:${Buffer.alloc(32, 1).toString('base64')}`,
    }
    const run = await runCli(['endpoints', 'list'], { environment: away })
    const words = 'Postgres at 127.0.0.1:9 cannot be reached; is it running?\n'
    expect([run.code, run.err]).toEqual([1, words])
    const bare = { ENDPOINTS_STORE: 'postgres' }
    const { code, err } = await runCli(['endpoints', 'list'], { environment: bare })
    expect(code).toBe(2)
    expect(err).toMatch(/^ENDPOINTS_DATABASE_URL: is missing .*; ENDPOINTS_KEYS: is missing .*\n$/)
  })
})

/** Changes a row behind everybody's back, as a mistake or an attacker would. */
async function damage(id: string, change: string): Promise<void> {
  await sql('UPDATE endpoints.revision SET value = value + 1')
  await sql(`UPDATE endpoints.endpoints AS e SET revision = r.value, ${change}
    FROM endpoints.revision AS r WHERE e.id = '${id}'`)
}

const NO_KEY = 'has a secret that no key of ENDPOINTS_KEYS opens'

describe('an endpoint whose row cannot be used', () => {
  beforeEach(async () => {
    await run(KEY_A, 'import', '--from', await fileOf('good', 'bad'))
  })

  const lost = `secrets = jsonb_set(secrets, '{0,key}', '"gone"')`

  async function listed(keys = KEY_A) {
    const { lines } = await run(keys, 'list', '--json')
    return lines.map((line) => JSON.parse(line))
  }

  it('is named, and no verb for another one fails of it', async () => {
    await damage('whk_bad', lost)
    expect(await listed()).toMatchObject([
      { id: 'whk_good', state: 'enabled', secrets: 1 },
      {
        id: 'whk_bad',
        tenant_id: 'tnt_bad',
        enabled: false,
        problem: `endpoint whk_bad: ${NO_KEY}`,
      },
    ])
    const table = await run(KEY_A, 'list')
    expect(table.lines.join()).toContain('no (unusable)')
    expect([table.code, table.notes]).toEqual([0, [`endpoint whk_bad: ${NO_KEY}`]])
    for (const args of [
      ['show', 'whk_good'],
      ['rotate', 'whk_good'],
      ['disable', 'whk_good'],
      ['enable', 'whk_good'],
      ['set', 'whk_good', '--decision-url', 'https://d.test/'],
      ['add', '--tenant', 'tnt_new', '--mode', 'live', '--id', 'whk_new'],
      ['import', '--from', await fileOf('bad', 'more')],
      ['remove', 'whk_new', '--yes'],
    ]) {
      expect([args, (await run(KEY_A, ...args)).code]).toEqual([args, 0])
    }
    for (const [code, ...args] of [
      [1, 'show', 'whk_bad'],
      [1, 'enable', 'whk_bad'],
      [1, 'add', '--tenant', 'tnt_bad', '--mode', 'live', '--id', 'whk_bad'],
      [1, 'export', '--kubernetes-secret', 'endpoints'],
    ] as const) {
      const ran = await run(KEY_A, ...args)
      expect([args, ran.code, ran.notes.join()]).toEqual([
        ...[args, code, expect.stringContaining('whk_bad')],
      ])
    }
  })

  it('is left out when all are sealed anew, which is said at the end', async () => {
    await damage('whk_bad', lost)
    const { code, lines, notes } = await run(`${KEY_B},${KEY_A}`, 'reseal')
    expect([code, lines]).toEqual([1, ['sealed the secrets of 1 endpoints anew (in Postgres)']])
    expect(notes[0]).toMatch(/^endpoint whk_bad: has a secret .* no key may go yet$/)
    expect(
      await sql(`SELECT secrets->0->>'key' AS key FROM endpoints.endpoints ORDER BY id`),
    ).toEqual([{ key: 'gone' }, { key: 'b' }])
  })

  it('gets a new secret by `rotate`, which drops what does not open only when it is meant', async () => {
    await damage('whk_bad', lost)
    const refused = await run(KEY_A, 'rotate', 'whk_bad')
    expect(refused.code).toBe(1)
    expect(refused.notes[0]).toMatch(/put its key back, or say --force: k1 would go/)
    const { code, lines } = await run(KEY_A, 'rotate', 'whk_bad', '--force', '--json')
    expect([code, JSON.parse(lines[0] ?? '')]).toMatchObject([0, { secret: 'k2' }])
    expect((await listed()).map(({ state, secrets }) => [state, secrets])).toEqual([
      ...[
        ['enabled', 1],
        ['enabled', 1],
      ],
    ])
    const [audit] = await sql(`SELECT outcome FROM endpoints.audit ORDER BY id DESC LIMIT 1`)
    expect(audit?.outcome).toMatchObject({ secret: 'k2', lost: ['k1'] })
  })

  it('that was given to another tenant by hand is given back by `set`, with its secrets', async () => {
    await damage('whk_bad', `tenant_id = 'tnt_mallory'`)
    const elsewhere = await run(KEY_A, 'set', 'whk_bad', '--tenant', 'tnt_good', '--yes')
    expect([elsewhere.code, elsewhere.notes[0]]).toEqual([1, expect.stringContaining('neither')])
    const { code } = await run(KEY_A, 'set', 'whk_bad', '--tenant', 'tnt_bad', '--yes')
    expect(code).toBe(0)
    expect(await listed()).toMatchObject([{ id: 'whk_bad', state: 'enabled', secrets: 1 }, {}])
  })

  it('whose decision service is no address is mended by `set`', async () => {
    await damage('whk_bad', `decision_url = 'gopher://x'`)
    const [, row] = await listed()
    expect(row).toMatchObject({ problem: expect.stringContaining('has a decision_url that is no') })
    expect((await run(KEY_A, 'set', 'whk_bad', '--no-decision-url')).code).toBe(0)
    expect(await listed()).toMatchObject([{ id: 'whk_bad', state: 'enabled', secrets: 1 }, {}])
  })

  it('is disabled with its secrets as they are sealed, and removed', async () => {
    await damage('whk_bad', lost)
    expect((await run(KEY_A, 'disable', 'whk_bad')).code).toBe(0)
    await damage('whk_bad', `secrets = jsonb_set(secrets, '{0,key}', '"a"')`)
    expect(await listed()).toMatchObject([{ id: 'whk_bad', state: 'disabled', secrets: 1 }, {}])
    await damage('whk_bad', lost)
    expect((await run(KEY_A, 'remove', 'whk_bad')).lines[0]).toMatch(/would remove whk_bad/)
    expect((await run(KEY_A, 'remove', 'whk_bad', '--yes')).code).toBe(0)
    expect(await listed()).toMatchObject([{ id: 'whk_bad', state: 'removed', secrets: 0 }, {}])
  })
})
