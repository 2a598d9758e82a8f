import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ownMetrics } from '#cli/metrics-document.ts'
import { runCommand } from '#cli/program.ts'
import { alertRules } from '../../fixtures/alert-rules.ts'

const ROOT = new URL('../../../', import.meta.url)
const SECTIONS = ['What it means', 'How to see it', 'What to do', 'What not to do']
const CLI = /npm run cli -- ([^`\n]+)/g

const rules = alertRules()
const files = readdirSync(new URL('docs/runbooks/', ROOT)).sort()

function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** What the CLI prints as help for these words. */
async function helpOf(words: readonly string[]): Promise<string> {
  let help = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    help += String(text)
    return true
  })
  const stopped = new AbortController().signal
  const terminal = { environment: {}, line: () => {}, note: () => {}, stopped }
  await runCommand([...words, '--help'], terminal)
  vi.restoreAllMocks()
  return help
}

/** Words of a command up to its first option or placeholder, and its options. */
function partsOf(command: string) {
  const words = command.trim().split(/\s+/)
  const end = words.findIndex((word) => /^(?:--|<)/.test(word))
  const verbs = end === -1 ? words : words.slice(0, end)
  return { verbs, options: words.filter((word) => word.startsWith('--')) }
}

/** Every command of the CLI in these documents, once. */
const commands = [
  ...new Set(
    [...files.map((file) => `docs/runbooks/${file}`), 'docs/operations.md'].flatMap((path) =>
      [...textOf(path).matchAll(CLI)].map(([, command = '']) => command.trim()),
    ),
  ),
]

describe('runbooks', () => {
  it('are there for each alert, and none is left over', () => {
    expect(files).toEqual(rules.map(({ alert }) => `${alert}.md`).sort())
  })

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s: linked, with every section',
    (alert, { annotations }) => {
      expect(annotations.runbook).toBe(`docs/runbooks/${alert}.md`)
      const text = textOf(annotations.runbook)
      expect(text.split('\n')[0]).toBe(`# ${alert}`)
      expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(SECTIONS)
      for (const section of text.split(/^## .+$/m).slice(1)) {
        expect(section.trim().length).toBeGreaterThan(20)
      }
    },
  )

  it.each(files)('%s: what it links to is there', (file) => {
    const targets = [...textOf(`docs/runbooks/${file}`).matchAll(/\]\(([^)]+)\)/g)]
    expect(
      targets.map(([, target]) => target).filter((each) => !files.includes(each ?? '')),
    ).toEqual([])
  })
})

describe('a command that an operator is told to run', () => {
  it.each(commands)('is one of the CLI: %s', async (command) => {
    const { verbs, options } = partsOf(command)
    const help = await helpOf(verbs)
    expect(help).toContain(`Usage: npm run cli -- ${verbs.join(' ')} `)
    for (const option of options) expect(help).toMatch(new RegExp(`\\s${option}[\\s,]`))
  })

  it('is found in the first place', () => {
    expect(commands.length).toBeGreaterThan(10)
  })
})

describe('docs/operations.md', () => {
  it('names figures that exist', () => {
    const known = ownMetrics().flatMap(({ metrics }) => metrics.map(({ name }) => name))
    const named =
      textOf('docs/operations.md').match(/\b(?:ingress|consumer|service)_[a-z_]+/g) ?? []
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })
})
