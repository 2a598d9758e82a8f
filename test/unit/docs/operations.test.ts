import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parseEnvelope } from '#core/envelope.ts'
import { domainOf } from '#core/routing.ts'
import { sampleTypes } from '#local/samples.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'

const VERSION = '2026-05-19'
const text = await readFile('docs/operations.md', 'utf8')

/** Bytes of the record's value for each byte of the body, as a sender writes it. */
async function growthOf(type: string): Promise<number> {
  const sample = JSON.parse(await readFile(`schemas/${VERSION}/samples/${type}.json`, 'utf8'))
  const raw = Buffer.from(JSON.stringify(sample))
  const parsed = parseEnvelope(sample)
  if (!parsed.ok) throw new Error(parsed.fault.field)
  const schemaText = await readFile(`schemas/${VERSION}/${domainOf(type)}.avsc`, 'utf8')
  const encoded = compileEventEncoder({ schemaText, schemaId: 1 }).encode({
    envelope: parsed.envelope,
    previousAttributesText: null,
    endpointId: 'whk_01HZX3J5K7M9P1R3T5V7X9Z1B3',
    receivedAtMs: Date.parse(sample.created),
    staleSignature: false,
    raw,
  })
  if (!encoded.ok) throw new Error(encoded.path)
  return encoded.value.length / raw.length
}

describe('docs/operations.md', () => {
  it('says how much larger a record is than its body', async () => {
    const growths = await Promise.all((await sampleTypes(VERSION)).map(growthOf))
    const [least, most] = [Math.min(...growths), Math.max(...growths)].map((each) =>
      each.toFixed(1),
    )
    expect(text).toContain(`A record is ${least} to ${most} times its body`)
  })

  it('has a section for everything that an operator is promised', () => {
    const headings = [...text.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading)
    const promised = ['Something is wrong', 'Alerts', 'Install', 'Upgrade', 'Back again', 'Scale']
    const more = ['Back up and restore', 'Rotate', 'Versions', 'Runbooks', 'Start', 'Stop']
    expect(headings).toEqual(expect.arrayContaining([...promised, ...more]))
  })

  it('links to places of its own that are there', () => {
    const anchors = [...text.matchAll(/^##+ (.+)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    )
    const linked = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor)
    expect(linked.length).toBeGreaterThan(0)
    expect(linked.filter((anchor) => !anchors.includes(anchor))).toEqual([])
  })
})
