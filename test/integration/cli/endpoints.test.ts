import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { CliRun } from '../../fixtures/cli.ts'
import { runCli } from '../../fixtures/cli.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const SECRET = 'whsec_topsecret'
const ADD = ['add', '--tenant', 'tnt_1', '--mode', 'live']

let folder: TemporaryFolder

beforeEach(async () => {
  folder = await temporaryFolder('endpoints')
})

afterEach(async () => {
  await folder.remove()
})

function at(...names: readonly string[]): string {
  return join(folder.path, ...names)
}

function textOf(...names: readonly string[]): string {
  const endpoints = names.map((name) => ({
    id: `whk_${name}`,
    tenant_id: `tnt_${name}`,
    live_mode: false,
    secrets: [{ id: 'k1', value: `${SECRET}_${name}` }],
  }))
  return JSON.stringify({ endpoints })
}

/** A verb in this process, since processes take long to start. */
async function cli(path: string, args: readonly string[]): Promise<CliRun> {
  const out: string[] = []
  const err: string[] = []
  const terminal = {
    environment: { ENDPOINTS_FILE: path, LOCAL_DIR: '/nowhere' },
    line: (text: string) => void out.push(`${text}\n`),
    note: (text: string) => void err.push(`${text}\n`),
    stopped: new AbortController().signal,
  }
  const code = await runCommand(['endpoints', ...args], terminal).then(
    () => 0,
    (error: unknown) => {
      if (!(error instanceof CliFault)) throw error
      err.push(`${error.message}\n`)
      return error.exitCode
    },
  )
  return { code, out: out.join(''), err: err.join('') }
}

/** The same as a process of its own, with something on its standard input. */
async function spawned(path: string, args: readonly string[], input = ''): Promise<CliRun> {
  return await runCli(['endpoints', ...args], { environment: { ENDPOINTS_FILE: path }, input })
}

async function idsIn(file: string): Promise<string[]> {
  const result = parseEndpoints([JSON.parse(await readFile(file, 'utf8'))])
  return result.ok ? [...result.endpoints.keys()].sort() : []
}

describe('the verbs for endpoints in a file', () => {
  it('print no secret into a log unless they are told to', async () => {
    const file = at('e.json')
    const refused = await spawned(file, ADD)
    expect([refused.code, refused.out]).toEqual([2, ''])
    expect(refused.err).toMatch(/^the new secret would be printed .*--secret-stdin.*--print-secret/)
    expect(await readdir(folder.path)).toEqual([])
    expect((await spawned(file, [...ADD, '--print-secret'])).out).toContain('whsec_')
    const hidden = await cli(file, [...ADD, '--no-print-secret'])
    expect([hidden.code, hidden.out.includes('whsec_')]).toEqual([0, false])
  })

  it('add an endpoint once, however often that is asked with --if-missing', async () => {
    const file = at('e.json')
    const args = ['add', '--if-missing', '--tenant', 'tnt_1', '--mode', 'live', '--id', 'whk_1']
    expect(await cli(file, args)).toMatchObject({
      code: 0,
      out: expect.stringContaining('added whk_1'),
    })
    const before = await readFile(file, 'utf8')
    const again = await cli(file, args)
    expect([again.code, again.out]).toEqual([0, ''])
    expect(again.err).toContain('whk_1 is there already; nothing changed')
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  it('show a secret once, when it is made, and never again', async () => {
    const file = at('e.json')
    const args = ['add', '--tenant', 'tnt_1', '--mode', 'live', '--id', 'whk_1', '--json']
    const made = await cli(file, [...args, '--actor', 'ada'])
    const { secret_value: value, where } = JSON.parse(made.out)
    expect([made.code, where]).toEqual([0, file])
    expect(value).toMatch(/^whsec_[\w-]{43}$/)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(made.err)).toMatchObject({
      audit: 'endpoints.add',
      actor: 'ada',
      endpoint: 'whk_1',
      where: file,
      secret: 'k1',
    })
    for (const verb of [
      ['list', '--json'],
      ['show', 'whk_1'],
      ['show', 'whk_1', '--json'],
    ]) {
      const { code, out, err } = await cli(file, verb)
      expect([code, err]).toEqual([0, ''])
      expect(out).toContain('whk_1')
      expect(made.err + out).not.toContain(value)
    }
  })

  it('give an endpoint to another tenant or mode only with --yes, and say what it was', async () => {
    const file = at('e.json')
    await writeFile(file, textOf('1'))
    const before = await readFile(file, 'utf8')
    const args = ['set', 'whk_1', '--tenant', 'tnt_2', '--mode', 'live', '--actor', 'ada']
    const said = await cli(file, args)
    expect([said.code, said.err]).toEqual([0, ''])
    expect(said.out).toMatch(/would set whk_1 from tnt_1 sandbox none to tnt_2 live none.*--yes/)
    expect(await readFile(file, 'utf8')).toBe(before)
    const done = await cli(file, [...args, '--yes'])
    expect(JSON.parse(done.err)).toMatchObject({
      ...{ audit: 'endpoints.set', actor: 'ada', endpoint: 'whk_1' },
      ...{ was: 'tnt_1 sandbox none', is: 'tnt_2 live none' },
    })
    expect((await cli(file, ['set', 'whk_1', '--decision-url', 'https://d.test/'])).code).toBe(0)
    const [endpoint] = JSON.parse(await readFile(file, 'utf8')).endpoints
    expect(endpoint).toMatchObject({
      ...{ tenant_id: 'tnt_2', live_mode: true, decision_url: 'https://d.test/' },
    })
    expect((await cli(file, ['set', 'whk_1', '--no-decision-url'])).code).toBe(0)
    expect((await cli(file, ['set', 'whk_1'])).code).toBe(2)
  })

  it('refuse an end that is in the past, unless it is meant', async () => {
    const file = at('e.json')
    await writeFile(file, textOf('1'))
    const past = '2020-01-01T00:00:00Z'
    for (const option of ['--not-after', '--old-not-after']) {
      const refused = await cli(file, ['rotate', 'whk_1', option, past])
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('in the past')])
    }
    expect((await cli(file, ['rotate', 'whk_1', '--not-after', past, '--force'])).code).toBe(0)
    expect(
      (await cli(file, ['expire', 'whk_1', '--secret', 'k1', '--not-after', '30d'])).code,
    ).toBe(0)
  })

  it('take a secret from standard input and do not show it at all', async () => {
    await writeFile(at('e.json'), textOf('1'))
    const args = ['rotate', 'whk_1', '--secret-stdin', '--old-not-after', '2030-01-01T00:00:00Z']
    const run = await spawned(at('e.json'), args, `${SECRET}_issued\n`)
    expect(run.code).toBe(0)
    expect(run.out + run.err).not.toContain(SECRET)
    const [endpoint] = JSON.parse(await readFile(at('e.json'), 'utf8')).endpoints
    expect(endpoint.secrets).toEqual([
      { id: 'k1', value: `${SECRET}_1`, not_after: '2030-01-01T00:00:00.000Z' },
      { id: 'k2', value: `${SECRET}_issued`, since: expect.stringMatching(/Z$/) },
    ])
    const wrong = await spawned(
      at('e.json'),
      ['rotate', 'whk_1', '--secret-stdin'],
      `${SECRET} x\n`,
    )
    expect(wrong.code).toBe(2)
    expect(wrong.err).not.toContain(SECRET)
  })

  it('lose nothing when many run at once', async () => {
    await writeFile(at('e.json'), textOf('0'))
    const names = Array.from({ length: 6 }, (_, n) => `whk_${n + 1}`)
    const runs = await Promise.all(
      names.map((id) => spawned(at('e.json'), [...ADD, '--no-print-secret', '--id', id])),
    )
    expect(runs.map(({ code }) => code)).toEqual(names.map(() => 0))
    expect(await idsIn(at('e.json'))).toEqual(['whk_0', ...names])
    expect(await readdir(folder.path)).toEqual(['e.json'])
  })

  it('change the file of a folder in which the endpoint stands, and name the one at fault', async () => {
    await writeFile(at('a.json'), textOf('a'))
    await writeFile(at('b.json'), textOf('b'))
    const untouched = await stat(at('a.json'))
    const disabled = await cli(folder.path, ['disable', 'whk_b'])
    expect(disabled.out).toContain(at('b.json'))
    const added = await cli(folder.path, [
      ...['add', '--tenant', 'tnt_c', '--mode', 'live', '--id', 'whk_c'],
    ])
    expect(added.out).toContain(at('endpoints.json'))
    expect((await stat(at('a.json'))).ctimeMs).toBe(untouched.ctimeMs)
    await writeFile(at('a.json'), textOf('a').replace('tnt_a', 'a'))
    const refused = await cli(folder.path, ['enable', 'whk_b'])
    expect(refused.code).toBe(1)
    expect(refused.err).toBe(
      `repair it first: ${at('a.json')}, endpoint 1: needs a tenant_id that begins with tnt_\n`,
    )
  })

  it('keep links, and what a group may read', async () => {
    await mkdir(at('real'))
    await writeFile(at('real', 'e.json'), textOf('a'))
    await chmod(at('real', 'e.json'), 0o640)
    await symlink(at('real', 'e.json'), at('e.json'))
    expect((await cli(at('e.json'), ['disable', 'whk_a'])).code).toBe(0)
    expect((await stat(at('real', 'e.json'))).mode & 0o777).toBe(0o640)
    expect(await readFile(at('e.json'), 'utf8')).toContain('"enabled": false')
  })

  it('leave a mounted Kubernetes Secret alone and say what to do', async () => {
    await mkdir(at('..2026_05_19'))
    await writeFile(at('..2026_05_19', 'e.json'), textOf('a'))
    await symlink('..2026_05_19', at('..data'))
    await symlink(join('..data', 'e.json'), at('e.json'))
    for (const path of [folder.path, at('e.json')]) {
      const run = await cli(path, ['disable', 'whk_a'])
      expect(run.code).toBe(1)
      expect(run.err).toMatch(/is a mounted Kubernetes Secret.*export --kubernetes-secret/)
    }
    const listed = await cli(folder.path, ['list', '--json'])
    expect(JSON.parse(listed.out)).toMatchObject({ id: 'whk_a' })
    const exported = await cli(folder.path, ['export', '--kubernetes-secret', 'endpoints'])
    expect(exported.out).toMatch(/^apiVersion: v1\nkind: Secret/)
  })

  it('wait for their turn, and take over from a command that was killed', async () => {
    await writeFile(at('e.json'), textOf('a'))
    await writeFile(at('.endpoints.lock'), '{"pid":4194304,"host":"elsewhere"}')
    let done = false
    const waiting = cli(at('e.json'), ['disable', 'whk_a']).then((run) => {
      done = true
      return run
    })
    for (let look = 0; look < 200; look += 1) await readFile(at('.endpoints.lock'))
    expect(done).toBe(false)
    await rename(at('.endpoints.lock'), at('released'))
    expect((await waiting).code).toBe(0)
    await writeFile(at('.endpoints.lock'), JSON.stringify({ pid: 4_194_304, host: hostname() }))
    expect((await cli(at('e.json'), ['enable', 'whk_a'])).code).toBe(0)
  })

  it('remove nothing until told twice', async () => {
    await writeFile(at('e.json'), textOf('a'))
    const dry = await cli(at('e.json'), ['remove', 'whk_a'])
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('would remove whk_a')])
    expect(await readFile(at('e.json'), 'utf8')).toBe(textOf('a'))
    await cli(at('e.json'), ['remove', 'whk_a', '--yes'])
    const [gone] = JSON.parse(await readFile(at('e.json'), 'utf8')).endpoints
    expect(gone).toMatchObject({ id: 'whk_a', removed: true, enabled: false, secrets: [] })
  })
})
