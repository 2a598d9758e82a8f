import { isDeepStrictEqual } from 'node:util'
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

function manifests(parts?: number, of = entries) {
  const options = { kubernetesSecret: 'endpoints', namespace: 'router', ...(parts && { parts }) }
  const documents = parseAllDocuments(secretManifests(of, options))
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

  it('is as many as were asked for, whose files together are all endpoints', () => {
    const parts = manifests(4)
    expect(parts.map(({ metadata }) => metadata.name)).toEqual([
      ...['endpoints', 'endpoints-2', 'endpoints-3', 'endpoints-4'],
    ])
    const files = parts.flatMap(({ data }) => Object.values<string>(data))
    expect(new Set(parts.flatMap(({ data }) => Object.keys(data))).size).toBe(parts.length)
    const read = parseEndpoints(
      files.map((text) => JSON.parse(Buffer.from(text, 'base64').toString())),
    )
    expect(read.ok && [...read.endpoints.keys()].sort()).toEqual(entries.map(({ id }) => id).sort())
  })

  it('changes one Secret only when an endpoint grows or is added', () => {
    const before = manifests(4)
    const grown = entries.map((each, n) => {
      return n === 3 ? { ...each, secrets: [...each.secrets, ...each.secrets] } : each
    })
    for (const after of [manifests(4, grown), manifests(4, [entry(77), ...entries])]) {
      const changed = after.filter(({ data }, i) => !isDeepStrictEqual(data, before[i].data))
      expect(changed).toHaveLength(1)
    }
  })

  it('is refused when it does not fit, with the number of parts that may', () => {
    const options = { kubernetesSecret: 'endpoints', parts: 2 }
    expect(() => secretManifests(entries, options, 2000)).toThrow(/--parts 4/)
  })
})
