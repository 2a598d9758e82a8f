import { describe, expect, it } from 'vitest'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'

/** What a command said when it gave up, and how it would exit. */
async function faultOf(args: readonly string[]): Promise<CliFault> {
  const lines: string[] = []
  const terminal = {
    environment: { LOCAL_DIR: '/nowhere' },
    line: (text: string) => void lines.push(text),
    note: () => {},
    stopped: new AbortController().signal,
  }
  try {
    await runCommand(args, terminal)
  } catch (error) {
    if (error instanceof CliFault) return error
    throw error
  }
  throw new Error(`it worked: ${lines.join('\n')}`)
}

/** A replay with some of its options changed, or left out. */
function replay(changes: Readonly<Record<string, string | null>>): readonly string[] {
  const usual = {
    '--mode': 'live',
    '--domain': 'card',
    '--tenant': 'tnt_1',
    '--from': '2026-05-19T08:00:00Z',
    '--to': '2026-05-19T10:00:00+01:00',
  }
  const options = Object.entries({ ...usual, ...changes })
  return [
    'consumers',
    'replay',
    ...options.flatMap(([name, value]) => (value === null ? [] : [name, value])),
  ]
}

const WRONG: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
  ['no verb', [], /a verb is missing; there is schemas, send, tail, endpoints/],
  ['an unknown verb', ['sned'], /unknown verb sned/],
  [
    'a verb alone that has verbs',
    ['schemas'],
    /there is check, diff, docs, infer, plan, register, rehearse/,
  ],
  ['a folder that is not there', ['schemas', 'check', '/nowhere'], /no folder \/nowhere/],
  ['a folder without versions', ['schemas', 'check', 'test', '--offline'], /no version is in/],
  ['a version too few', ['schemas', 'diff', '2026-02-01'], /after/],
  ['an inference of no version', ['schemas', 'infer'], /--version.*not specified/],
  [
    'an inference into a folder that is there',
    ['schemas', 'infer', '--version', '2026-09-01', '--out', 'schemas'],
    /schemas is there already; nothing is overwritten/,
  ],
  [
    'a time that is none',
    ['schemas', 'infer', '--version', '2026-09-01', '--since', 'monday'],
    /--since.*zone/,
  ],
  ['a rehearsal of nothing', ['schemas', 'rehearse'], /missing.*folder/],
  [
    'a place that is none',
    ['schemas', 'rehearse', 'schemas', '--accept', 'card.status'],
    /--accept takes places/,
  ],
  ['too many samples', ['schemas', 'rehearse', 'schemas', '--samples', '101'], /100 at most/],
  ['a rate of nothing', ['schemas', 'rehearse', 'schemas', '--rate', '0'], /--rate.*above 0/],
  ['two versions at once', ['schemas', 'diff', 'schemas', '2026-02-01'], /holds 3 versions/],
  ['an unknown verb of a verb', ['endpoints', 'lst'], /unknown verb lst; there is list/],
  ['a place to send to without --send', ['doctor', '--url', 'http://x'], /--url .*--send only/],
  ['a real tenant without --send', ['doctor', '--real-tenant'], /--real-tenant .*--send only/],
  ['a test event that goes nowhere', ['doctor', '--send'], /--url, or INGRESS_URL/],
  ['an endpoint that is none', ['doctor', '--send', '--endpoint', 'x'], /--endpoint.*whk_/],
  ['a consumer that is none', ['doctor', '--send', '--domain', 'other'], /--domain.*pass/],
  [
    'an id that is missing',
    ['endpoints', 'add', '--tenant', 'tnt_1', '--mode', 'live', '--if-missing'],
    /--if-missing needs --id/,
  ],
  ['an unknown option', ['send', '--typ', 'x'], /--typ.*Did you mean --type/],
  ['a missing value', ['send', '--type'], /--type.*missing/],
  ['no event to send', ['send'], /--type and --version, or --file/],
  ['a version that is no date', ['send', '--type', 'a', '--version', 'new'], /YYYY-MM-DD/],
  [
    'a version without samples',
    ['send', '--type', 'card.created', '--version', '2020-01-01'],
    /no samples of version 2020-01-01; there are .*2026-05-19/,
  ],
  [
    'an unknown type',
    ['send', '--type', 'card.eaten', '--version', '2026-05-19'],
    /no sample of type card\.eaten in 2026-05-19; there are .*card\.created/,
  ],
  ['a count of none', ['send', '--count', '0'], /--count.*1 or more/],
  ['a rate that is no number', ['send', '--rate', 'fast'], /--rate.*above 0/],
  ['a rate of zero', ['send', '--rate', '0'], /--rate.*above 0/],
  ['a URL that is none', ['send', '--url', 'localhost'], /--url.*http:/],
  [
    'a file that is not there',
    ['send', '--file', '/nowhere.json'],
    /\/nowhere\.json cannot be read/,
  ],
  ['a missing mode', ['tail', '--domain', 'card'], /--mode.*not specified/],
  ['an unknown mode', ['tail', '--mode', 'test', '--domain', 'card'], /live, sandbox/],
  ['an unknown domain', ['tail', '--mode', 'live', '--domain', 'cards'], /pass, card,.*quarantine/],
  ['a word too many', ['endpoints', 'list', 'all'], /too many arguments/],
  ['the quarantine of no mode', ['quarantine', 'stats'], /--mode.*not specified/],
  [
    'an unknown verb of the quarantine',
    ['quarantine', 'purge'],
    /unknown verb purge; there is list, show, stats, release, export/,
  ],
  [
    'a reason of the quarantine that is none',
    ['quarantine', 'release', '--mode', 'live', '--reason', 'unknown_versoin', '--yes'],
    /--reason.*malformed, unknown_version,.*card_number/,
  ],
  [
    'a state of the quarantine that is none',
    ['quarantine', 'list', '--mode', 'live', '--state', 'lost'],
    /waiting, released, all/,
  ],
  [
    'a release that is to be done and not done',
    ['quarantine', 'release', '--mode', 'live', '--all', '--yes', '--dry-run'],
    /--dry-run.*--yes/,
  ],
  [
    'a release of all without saying so',
    ['quarantine', 'release', '--mode', 'live', '--yes'],
    /say what to release/,
  ],
  [
    'an export that does not say what it is',
    ['quarantine', 'export', '--mode', 'live', '--to', '/nowhere/e'],
    /--raw-personal-data/,
  ],
  ['a replay without a tenant', replay({ '--tenant': null }), /--tenant.*not specified/],
  ['a replay of what is no tenant', replay({ '--tenant': 'acme' }), /--tenant.*tnt_/],
  ['a replay without its end', replay({ '--to': null }), /--to.*not specified/],
  ['a replay of a time without a zone', replay({ '--from': '2026-05-19T08:00' }), /--from.*zone/],
  ['a replay of a day that is none', replay({ '--from': '2026-13-01' }), /--from.*zone/],
  [
    'a replay that ends before it begins',
    replay({ '--to': '2026-05-01' }),
    /--from must be before/,
  ],
  [
    'a replay of a domain without consumer',
    replay({ '--domain': 'other' }),
    /--domain.*pass, card/,
  ],
  ['a dry run that is to be done', [...replay({}), '--yes', '--dry-run'], /--dry-run.*--yes/],
]

const STACK = /the local stack is not running; start it with `npm start` or set [A-Z_]+/

describe('wrong use', () => {
  it.each(WRONG)('with %s gets one line that helps', async (_what, args, says) => {
    const fault = await faultOf(args)
    expect(fault.message).toMatch(says)
    expect(fault.message).not.toContain('\n')
    expect(fault.exitCode).toBe(2)
  })
})

describe('without a stack', () => {
  it.each([
    [['tail', '--mode', 'sandbox', '--domain', 'card']],
    [['send', '--type', 'card.created', '--version', '2026-05-19']],
    [['endpoints', 'list']],
    [['schemas', 'register']],
    [['schemas', 'plan']],
    [['schemas', 'check']],
    [['schemas', 'infer', '--version', '2026-09-01']],
    [['schemas', 'rehearse', 'schemas']],
    [['consumers', 'status']],
    [replay({})],
  ])('%j says how to start it', async (args) => {
    const fault = await faultOf(args)
    expect(fault.message).toMatch(STACK)
    expect(fault.exitCode).toBe(1)
  })
})
