import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { secretManifests } from '#cli/endpoints-export-command.ts'
import { endpointEntry } from '#ingress/endpoint-entry.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'

function entry(n: number) {
  const secrets = [{ id: 'k1', value: `secret_${n}`, not_after: '2027-01-01T00:00:00.000Z' }]
  const result = endpointEntry({ id: `whk_${n}`, tenant_id: 'tnt_1', live_mode: true, secrets })
  if (typeof result === 'string') throw new Error(result)
  return result
}

const entries = Array.from({ length: 50 }, (_, n) => entry(n))

function manifests(mostBytes?: number) {
  const options = { kubernetesSecret: 'endpoints', namespace: 'router' }
  const documents = parseAllDocuments(secretManifests(entries, options, mostBytes))
  return documents.map((document) => document.toJS())
}

describe('the export for Kubernetes', () => {
  it('is one Secret while all fits into it', () => {
    const [only, ...others] = manifests()
    expect(others).toEqual([])
    expect(only).toMatchObject({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'endpoints', namespace: 'router' },
      type: 'Opaque',
    })
  })

  it('is several otherwise, whose files together are all endpoints', () => {
    const parts = manifests(2000)
    expect(parts.length).toBeGreaterThan(3)
    const names = parts.map(({ metadata }) => metadata.name)
    expect(names.slice(0, 2)).toEqual(['endpoints', 'endpoints-2'])
    expect(new Set(parts.flatMap(({ data }) => Object.keys(data))).size).toBe(parts.length)
    const files = parts.flatMap(({ data }) => Object.values<string>(data))
    for (const file of files) expect(file.length).toBeLessThan(4000)
    const read = parseEndpoints(
      files.map((text) => JSON.parse(Buffer.from(text, 'base64').toString())),
    )
    expect(read.ok && [...read.endpoints.keys()]).toEqual(entries.map(({ id }) => id))
  })
})
