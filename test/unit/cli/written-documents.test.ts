import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writtenDocuments } from '#cli/written-documents.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const documents = await writtenDocuments(ROOT)

describe('what `npm run docs` writes', () => {
  it.each(documents)('$file is as the code has it', ({ file, content }) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toBe(content)
  })
})

describe('the reference of a version', () => {
  const text = documents.find(({ file }) => file === 'schemas/2026-05-19/README.md')?.content ?? ''

  it.each([
    ['a required field of the envelope', /\| `created` +\| timestamp +\|/],
    ['a field of a list', /\| `settlement\.lines\[\]\.type` +\| string or null +\|/],
    [
      'what is personal data, and our guess',
      /\| `cardholder\.email` +\| string or null +\| yes +\| yes +\|/,
    ],
    ['what stands in personal data', /\| `pass\.holder\.email` +\| string or null +\| yes +\|/],
    ['the subject of a domain', /`com\.qairopay\.events\.v2026_05_19\.CardEvent`/],
  ])('tells %s', (_what, line) => {
    expect(text).toMatch(line)
  })
})
