import type { Static, TSchema, TUnsafe } from 'typebox'
import { Type } from 'typebox'
import { Check, Convert, Errors } from 'typebox/value'
import type { Environment } from './environment.ts'

/**
 * One setting: the variable it comes from, its type with limits, its default and its words. The
 * README's tables are printed from these definitions (`npm run docs`).
 */
export interface Setting<Schema extends TSchema = TSchema> {
  readonly variable: string
  readonly schema: Schema
  /** Undefined means required, unless `optional`. */
  readonly fallback: Static<Schema> | undefined
  readonly optional: boolean
  /** One sentence, with the unit and what follows from a wrong choice. */
  readonly about: string
  readonly example: string
  /** What is wrong with a value of the right type, beside the other variables; null when nothing. */
  readonly check?: SettingCheck
}

/** Takes the text as given; its words never repeat it. */
export type SettingCheck = (text: string, environment: Environment) => string | null

export type SettingDefinitions = Readonly<Record<string, Setting>>

export type Settings<Definitions extends SettingDefinitions> = {
  readonly [Name in keyof Definitions]: Static<Definitions[Name]['schema']>
}

/** Every fault of the settings at once, each with its variable and an example. */
export class SettingsFault extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`Settings that cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'SettingsFault'
    this.problems = problems
  }
}

/** A setting with a default. */
export function setting<Schema extends TSchema>(
  variable: string,
  schema: Schema,
  fallback: Static<Schema>,
  about: string,
  example = String(fallback),
): Setting<Schema> {
  return { variable, schema, fallback, optional: false, about, example }
}

/** A setting that must be given. */
export function required<Schema extends TSchema>(
  variable: string,
  schema: Schema,
  about: string,
  example: string,
): Setting<Schema> {
  return { variable, schema, fallback: undefined, optional: false, about, example }
}

/** A setting that may be missing; its value is then null. */
export function optional<Schema extends TSchema>(
  variable: string,
  schema: Schema,
  about: string,
  example: string,
): Setting<TUnsafe<Static<Schema> | null>> {
  const nullable = Type.Union([schema, Type.Null()])
  return { variable, schema: nullable, fallback: null, optional: true, about, example } as never
}

/** The setting with a check of what its type cannot say: files, and settings that go together. */
export function checked<Checked extends Setting>(setting: Checked, check: SettingCheck): Checked {
  return { ...setting, check }
}

/** A list separated by commas. */
export const CommaList = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })

/** A whole number within limits, both included. */
export function wholeNumber(minimum: number, maximum: number) {
  return Type.Integer({ minimum, maximum })
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return Type.Unsafe<Words[number]>(Type.Enum([...words]))
}

const WHOLE_NUMBER = /^-?\d+$/

/** The type of a value that is given: null is said by leaving an optional setting out. */
function givenType(schema: TSchema): TSchema {
  return (schema as { anyOf?: TSchema[] }).anyOf?.[0] ?? schema
}

function converted(schema: TSchema, given: string): unknown {
  const text = given.trim()
  switch ((schema as { type?: string }).type) {
    case 'array':
      return text.split(',').map((part) => part.trim())
    case 'integer':
      // typebox cuts 5.7 down to 5, and takes `true` for 1 and blanks for 0.
      return WHOLE_NUMBER.test(text) ? Number(text) : text
    default:
      return Convert(schema, text)
  }
}

function problemOf({ variable, schema, example }: Setting, value: unknown): string {
  const [first] = Errors(givenType(schema), value)
  return `${variable}: ${first?.message ?? 'is not usable'} (example: ${variable}=${example})`
}

type Reading = { readonly value: unknown } | { readonly problem: string }

function reading(definition: Setting, environment: Environment): Reading {
  const { variable, fallback, example } = definition
  const text = environment[variable]
  if (text === undefined || text === '') {
    if (fallback === undefined) {
      return { problem: `${variable}: is missing (example: ${variable}=${example})` }
    }
    return { value: fallback }
  }
  const schema = givenType(definition.schema)
  const value = converted(schema, text)
  if (!Check(schema, value)) return { problem: problemOf(definition, value) }
  const problem = definition.check?.(text.trim(), environment) ?? null
  return problem === null ? { value } : { problem: `${variable}: ${problem}` }
}

/**
 * Reads and checks all settings of a service.
 *
 * @throws SettingsFault that names every variable at fault, not only the first.
 */
export function loadSettings<Definitions extends SettingDefinitions>(
  definitions: Definitions,
  environment: Environment,
): Settings<Definitions> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    const result = reading(definition, environment)
    if ('problem' in result) problems.push(result.problem)
    else values[name] = result.value
  }
  if (problems.length > 0) throw new SettingsFault(problems)
  return Object.freeze(values) as Settings<Definitions>
}
