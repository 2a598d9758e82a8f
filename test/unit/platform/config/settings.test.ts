import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import type { Environment } from '#platform/config/environment.ts'
import {
  DATABASE_SETTINGS,
  KAFKA_SETTINGS,
  LOG_SETTINGS,
  MANAGEMENT_SETTINGS,
  REGISTRY_SETTINGS,
} from '#platform/config/service-settings.ts'
import {
  CommaList,
  loadSettings,
  oneOf,
  optional,
  required,
  SettingsFault,
  setting,
  wholeNumber,
} from '#platform/config/settings.ts'

const DEFINITIONS = {
  hosts: required('HOSTS', CommaList, 'Hosts.', 'a:1,b:2'),
  port: setting('PORT', wholeNumber(0, 65_535), 8080, 'Port.'),
  secure: setting('SECURE', Type.Boolean(), false, 'TLS or not.', 'true'),
  level: setting('LEVEL', oneOf(['info', 'debug']), 'info', 'How much is logged.'),
  user: optional('USER_NAME', Type.String(), 'Somebody.', 'alice'),
  copies: optional('COPIES', wholeNumber(1, 9), 'How many copies.', '3'),
  way: optional('WAY', oneOf(['plain', 'scram']), 'Which way.', 'scram'),
} as const

function load(environment: Environment) {
  return loadSettings(DEFINITIONS, { HOSTS: 'a:1', ...environment })
}

function problemsOf(environment: Environment): readonly string[] {
  try {
    load(environment)
    return []
  } catch (error) {
    if (error instanceof SettingsFault) return error.problems
    throw error
  }
}

describe('the settings of a service', () => {
  it('have defaults, and null for what may be missing', () => {
    expect(load({})).toEqual({
      hosts: ['a:1'],
      port: 8080,
      secure: false,
      level: 'info',
      user: null,
      copies: null,
      way: null,
    })
  })

  it('take an empty variable for a missing one, as compose files and charts write it', () => {
    expect(load({ PORT: '', USER_NAME: '', COPIES: '' })).toEqual(load({}))
    expect(problemsOf({ HOSTS: '' })).toEqual(['HOSTS: is missing (example: HOSTS=a:1,b:2)'])
  })

  it('are frozen', () => {
    expect(Object.isFrozen(load({}))).toBe(true)
  })

  it('name every fault at once, each with its variable and an example that works', () => {
    const problems = problemsOf({
      HOSTS: ',',
      PORT: '99999',
      SECURE: 'perhaps',
      LEVEL: 'loud',
      COPIES: '0',
      WAY: 'x',
    })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      ...['HOSTS', 'PORT', 'SECURE', 'LEVEL', 'COPIES', 'WAY'],
    ])
    const examples = problems.map((problem) => /\(example: (\w+)=(.*)\)$/.exec(problem))
    const mended = Object.fromEntries(examples.map((match) => [match?.[1], match?.[2]]))
    expect(problemsOf(mended)).toEqual([])
  })

  it('make one readable message of all faults', () => {
    const fault = new SettingsFault(['A: is missing', 'B: must be integer'])
    expect(fault.message).toBe(
      'Settings that cannot be used:\n  A: is missing\n  B: must be integer',
    )
    expect(fault.name).toBe('SettingsFault')
  })

  it('never repeat a value in a fault, since it may be a password', () => {
    const definitions = { ...DATABASE_SETTINGS, ...REGISTRY_SETTINGS, ...DEFINITIONS }
    const environment = Object.fromEntries(
      Object.values(definitions).map(({ variable }) => [variable, 'hunter2,']),
    )
    expect(() => loadSettings(definitions, environment)).toThrow(SettingsFault)
    expect(() => loadSettings(definitions, environment)).not.toThrow(/hunter2/)
  })
})

describe('a list', () => {
  it('is separated by commas, with or without spaces', () => {
    expect(load({ HOSTS: 'a:1,b:2' }).hosts).toEqual(['a:1', 'b:2'])
    expect(load({ HOSTS: ' a:1 , b:2 ' }).hosts).toEqual(['a:1', 'b:2'])
  })

  it.each([',', 'a:1,', 'a:1,,b:2', ' '])('has no empty parts (%j)', (text) => {
    expect(problemsOf({ HOSTS: text })).toHaveLength(1)
  })
})

describe('a whole number', () => {
  it.each([
    ['0', 0],
    ['65535', 65_535],
    [' 80 ', 80],
    ['0080', 80],
  ])('may be written %j', (text, value) => {
    expect(load({ PORT: text }).port).toBe(value)
  })

  it.each([
    ...['65536', '-1', '80.5', '1e3', '0x50', '80a', 'true', 'null', 'NaN', 'Infinity', ' '],
    ...['8 0', '80,81', '9'.repeat(400)],
  ])('is never %j', (text) => {
    expect(problemsOf({ PORT: text })).toHaveLength(1)
  })

  it('keeps its limits when it is optional too', () => {
    expect(load({ COPIES: '3' }).copies).toBe(3)
    expect(problemsOf({ COPIES: '10' })).toEqual(['COPIES: must be <= 9 (example: COPIES=3)'])
    for (const text of ['0', 'null', '2.5']) expect(problemsOf({ COPIES: text })).toHaveLength(1)
  })
})

describe('yes or no', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['1', true],
    ['0', false],
    ['TRUE', true],
  ])('may be written %j', (text, value) => {
    expect(load({ SECURE: text }).secure).toBe(value)
  })

  it.each(['yes', 'on', '2', 'tru', ' '])('is never guessed from %j', (text) => {
    expect(problemsOf({ SECURE: text })).toHaveLength(1)
  })
})

describe('one of a few words', () => {
  it('is taken exactly as it is written', () => {
    expect(load({ LEVEL: 'debug', WAY: 'plain' })).toMatchObject({ level: 'debug', way: 'plain' })
    for (const text of ['DEBUG', 'info,debug', 'constructor']) {
      expect(problemsOf({ LEVEL: text }), text).toHaveLength(1)
    }
  })

  it('is not null because somebody wrote null', () => {
    expect(problemsOf({ WAY: 'null' })).toHaveLength(1)
    expect(load({ USER_NAME: 'null' }).user).toBe('null')
  })
})

describe('the settings that services share', () => {
  const shared = {
    ...KAFKA_SETTINGS,
    ...LOG_SETTINGS,
    ...MANAGEMENT_SETTINGS,
    ...DATABASE_SETTINGS,
    ...REGISTRY_SETTINGS,
  }
  const definitions = Object.values(shared)

  it('have one variable each', () => {
    expect(new Set(definitions.map(({ variable }) => variable)).size).toBe(definitions.length)
  })

  it.each(definitions)('can be set as the example of $variable says', ({ variable }) => {
    // What is checked besides, files and what goes together, is another test's.
    const unchecked = definitions.map(({ check: _, ...one }) => [one.variable, one])
    const needed = Object.fromEntries(definitions.map((one) => [one.variable, one.example]))
    const settings = loadSettings(Object.fromEntries(unchecked), needed)
    expect(settings[variable]).not.toBeNull()
  })

  it.each(['', '.', 'Qairo', 'a.b', 'a b', '-a'])('refuse the topic prefix %j', (prefix) => {
    const environment = { KAFKA_BROKERS: 'a:1', TOPIC_PREFIX: prefix }
    if (prefix === '')
      expect(loadSettings(KAFKA_SETTINGS, environment).topicPrefix).toBe('qairopay')
    else expect(() => loadSettings(KAFKA_SETTINGS, environment)).toThrow(/TOPIC_PREFIX/)
  })
})
