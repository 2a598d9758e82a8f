import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HANDLED_DOMAINS } from '#core/routing.ts'

const services = new URL('../../services/', import.meta.url)
const design = readFileSync(new URL('DESIGN.md', services), 'utf8')

/** The files named under the heading of a room, from there. */
function mapped(heading: string): readonly string[] {
  const section = design.split(/^### /m).find((text) => text.startsWith(`\`${heading}\``))
  const [table = ''] = (section ?? '').split(/^## /m)
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name).sort()
}

function present(folder: string, within: (name: string) => boolean = () => true) {
  return readdirSync(new URL(folder, services), { recursive: true })
    .map(String)
    .filter((name) => /\.(?:ts|mjs)$/.test(name) && within(name))
    .sort()
}

describe('the map of files', () => {
  it.each([
    'core/',
    'platform/',
    'ingress/',
    'quarantine/',
    'consumers/runtime/',
    'registrar/',
    'sdk/',
    'cli/',
    'local/',
  ])('names every file of %s, and no other', (folder) => {
    expect(mapped(folder)).toEqual(present(folder))
  })

  it.each(HANDLED_DOMAINS)('holds for the domain %s', (domain) => {
    expect(mapped('consumers/<domain>/')).toEqual(present(`consumers/${domain}/`))
  })

  it('leaves no room out', () => {
    const rooms = readdirSync(services, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    for (const room of rooms) expect(design).toContain(`### \`${room}/`)
  })
})

describe('the dependencies', () => {
  it('each have their reason', () => {
    const text = readFileSync(new URL('../package.json', services), 'utf8')
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text)
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
    const [, section = ''] = design.split('## Dependencies')
    expect(names.filter((name) => !section.includes(name))).toEqual([])
  })
})
