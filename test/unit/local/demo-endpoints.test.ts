import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { demoEndpoints, newDemoEndpoints } from '#local/demo-endpoints.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
let file: string
beforeEach(async () => {
  folder = await temporaryFolder('endpoints')
  file = join(folder.path, 'endpoints.json')
})
afterEach(() => folder.remove())

describe('new demo endpoints', () => {
  const { endpoints } = newDemoEndpoints(Date.now)

  it('belong to two tenants in sandbox and one in live', () => {
    expect(endpoints.map(({ live_mode }) => live_mode)).toEqual([false, false, true])
    expect(new Set(endpoints.map(({ tenant_id }) => tenant_id)).size).toBe(3)
  })

  it('have ids as QairoPay issues them', () => {
    for (const { id, tenant_id } of endpoints) {
      expect(id).toMatch(/^whk_[0-9A-HJKMNP-TV-Z]{26}$/)
      expect(tenant_id).toMatch(/^tnt_[0-9A-HJKMNP-TV-Z]{26}$/)
    }
  })

  it('have a secret each that nobody guesses', () => {
    const secrets = endpoints.flatMap(({ secrets: list }) => list.map(({ value }) => value))
    expect(new Set(secrets).size).toBe(3)
    for (const secret of secrets) expect(secret).toMatch(/^whsec_[\w-]{43}$/)
  })
})

describe('the endpoints file', () => {
  it('is made when it is not there, for its owner alone', async () => {
    const endpoints = await demoEndpoints(file)
    expect(endpoints).toHaveLength(3)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('is kept from then on, as somebody may have written it anew', async () => {
    const first = await demoEndpoints(file)
    const text = JSON.stringify(JSON.parse(await readFile(file, 'utf8')))
    await writeFile(file, text)
    const again = await demoEndpoints(file)
    expect(again.map(({ id }) => id)).toEqual(first.map(({ id }) => id))
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('is left alone and named when it cannot be used', async () => {
    await writeFile(file, '{"endpoints":[{"id":"whk_1"')
    await expect(demoEndpoints(file)).rejects.toThrow(/endpoints\.json cannot be used.*repair it/)
    expect(await readFile(file, 'utf8')).toBe('{"endpoints":[{"id":"whk_1"')
  })
})
