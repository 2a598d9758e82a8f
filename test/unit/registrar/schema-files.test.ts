import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import type { SchemaTexts } from '#registrar/schema-files.ts'
import { checkedFolders, readSchemaFolders } from '#registrar/schema-files.ts'

const SCHEMAS = new URL('../../../schemas/', import.meta.url)
const VERSION = '2026-05-19' as ApiVersion

function texts(changed: Partial<Record<Domain, string | null>>): SchemaTexts {
  const pairs = DOMAINS.map((domain) => [
    domain,
    readFileSync(new URL(`${VERSION}/${domain}.avsc`, SCHEMAS), 'utf8'),
  ])
  return { version: VERSION, texts: { ...Object.fromEntries(pairs), ...changed } }
}

describe('the schema folders', () => {
  it('of this repository are all in order, oldest version first', async () => {
    const reading = await readSchemaFolders(SCHEMAS.pathname)
    expect(reading?.faults).toEqual([])
    expect(reading?.folders.map(({ version }) => version)).toEqual([
      '2025-11-01',
      '2026-02-01',
      '2026-05-19',
    ])
  })

  it('are refused as a whole for one file that is no JSON', () => {
    const { folders, faults } = checkedFolders([texts({ card: '{' })])
    expect(folders).toEqual([])
    expect(faults).toEqual([
      { file: '2026-05-19/card.avsc', path: '', rule: 'file', message: 'the file is no JSON' },
    ])
  })

  it('are refused as a whole for a missing file', () => {
    const { folders, faults } = checkedFolders([texts({ pass: null })])
    expect(folders).toEqual([])
    expect(faults).toMatchObject([{ file: '2026-05-19/pass.avsc' }])
  })

  it('are refused for what the linter finds', () => {
    const { folders, faults } = checkedFolders([texts({ card: '{"type":"enum"}' })])
    expect(folders).toEqual([])
    expect(faults.length).toBeGreaterThan(0)
  })

  it('are none where there is no folder', async () => {
    expect(await readSchemaFolders('/nowhere/at/all')).toBeNull()
  })
})
