import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import { CHECK_RULES } from '#registrar/check-finding.ts'
import { checkJson, checkLines } from '#registrar/check-report.ts'
import type { RegistryVerdict } from '#registrar/version-check.ts'
import { checkVersion, knownVersion } from '#registrar/version-check.ts'
import type { VersionFolder } from '#registrar/version-folder.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'

const NOT_ASKED: RegistryVerdict = { kind: 'not_asked' }
const folders = (await readVersionFolders('schemas'))?.versions ?? []
const known = folders.map(knownVersion).filter((version) => version !== null)
const newest = folders.at(-1) as VersionFolder

function asked(published: string | null, refused: readonly Domain[] = []): RegistryVerdict {
  const pairs = DOMAINS.map((domain) => {
    const own = domain === 'card' && published !== null ? [published] : []
    return [domain, own]
  })
  return {
    kind: 'asked',
    published: Object.fromEntries(pairs),
    refused,
    otherLevels: [],
  }
}

function withCard(change: (text: string) => string | null): VersionFolder {
  const card = change(newest.texts.card ?? '')
  return { ...newest, path: '/elsewhere', texts: { ...newest.texts, card } }
}

describe('the check of a version', () => {
  it('finds nothing in the versions of this repository, and says what differs', () => {
    const checks = folders.map((folder) => checkVersion(folder, known, NOT_ASKED))
    expect(checks.flatMap(({ findings }) => findings)).toEqual([])
    expect(checks.map(({ before }) => before)).toEqual([null, '2025-11-01', '2026-02-01'])
    expect(checks.map(({ published }) => published)).toEqual([0, 0, 0])
    expect(checkLines(checks[2] as never).join('\n')).toContain('differs from 2026-02-01')
  })

  it('refuses a file that belongs to no domain, and one that is missing', () => {
    const folder = { ...withCard(() => null), strangers: ['crad.avsc'] }
    const { findings } = checkVersion(folder, known, NOT_ASKED)
    expect(findings.map(({ file, rule }) => `${file} ${rule}`)).toEqual([
      '2026-05-19/crad.avsc file',
      '2026-05-19/card.avsc file',
    ])
  })

  it('holds another state of a known version against it, also when no registry is asked', () => {
    const folder = withCard((text) => text.replace('"name": "status"', '"name": "state"'))
    const check = checkVersion(folder, known, NOT_ASKED)
    expect(check.findings).toMatchObject([
      { file: '2026-05-19/card.avsc', path: 'card.status', rule: 'field-removed' },
    ])
    expect(check.published).toBe(6)
  })

  it('holds it against what the registry holds, and names the field where the registry does not', () => {
    const registered = (newest.texts.card ?? '').replace('"name": "status"', '"name": "state"')
    const check = checkVersion(newest, known, asked(registered, ['card']))
    expect(check.findings.map(({ rule, path }) => `${rule} ${path}`)).toEqual([
      'field-removed card.state',
      'registry-refuses ',
    ])
  })

  it('believes neither a registry that says yes to everything, nor only itself', () => {
    const registered = (newest.texts.card ?? '').replace('"name": "status"', '"name": "state"')
    expect(checkVersion(newest, known, asked(registered)).findings).toHaveLength(1)
    expect(checkVersion(newest, known, asked(null, ['card'])).findings).toHaveLength(1)
  })

  it('is not in order while a registry was asked and gave no answer', () => {
    const check = checkVersion(newest, known, { kind: 'unreachable', reason: 'ECONNREFUSED' })
    expect(check.findings).toEqual([])
    expect(checkJson(check)).toMatchObject({ ok: false, registry: { kind: 'unreachable' } })
    expect(checkLines(check).join('\n')).toMatch(/registry: no answer \(ECONNREFUSED\)/)
  })

  it('says plainly that no registry was asked', () => {
    expect(checkLines(checkVersion(newest, known, NOT_ASKED)).join('\n')).toMatch(
      /registry: not asked \(--offline\)/,
    )
  })

  it('notes an event type that the version before has a sample of', () => {
    const samples = newest.samples.filter(({ name }) => name !== 'card.created.json')
    const check = checkVersion({ ...newest, samples }, known, NOT_ASKED)
    expect([check.findings, check.unsampled]).toEqual([[], ['card.created']])
  })
})

describe('the rules of the check', () => {
  it('are explained in schemas/README.md', () => {
    const readme = readFileSync(resolve('schemas/README.md'), 'utf8')
    expect(CHECK_RULES.filter((rule) => !readme.includes(`\`${rule}\``))).toEqual([])
  })
})

describe('the folder of a version', () => {
  it('is read by itself as well as among others', async () => {
    const alone = await readVersionFolders('schemas/2026-02-01')
    expect(alone?.versions.map(({ version }) => version)).toEqual(['2026-02-01' as ApiVersion])
    expect(alone?.versions[0]?.samples).toHaveLength(26)
    expect(alone?.strangers).toEqual([])
  })

  it('is none where nothing is', async () => {
    expect(await readVersionFolders('/nowhere/at/all')).toBeNull()
  })
})
