import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { moduleFolder } from './module-folder.ts'

interface Source {
  readonly module: string
  readonly version: string
  readonly files: readonly string[]
}

const SOURCES: readonly Source[] = [
  {
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    files: ['podmonitors', 'prometheusrules', 'servicemonitors'].map(
      (name) => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
    ),
  },
  {
    module: 'sigs.k8s.io/gateway-api',
    version: 'v1.6.3',
    files: ['config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  },
  {
    module: 'github.com/kedacore/keda/v2',
    version: 'v2.20.2',
    files: ['scaledobjects', 'triggerauthentications'].map(
      (name) => `config/crd/bases/keda.sh_${name}.yaml`,
    ),
  },
]

interface Schema {
  readonly [key: string]: unknown
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly {
      readonly name: string
      readonly served: boolean
      readonly schema: { readonly openAPIV3Schema: Schema }
    }[]
  }
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped)
  return isObject(value) ? strict(value) : value
}

/** What is named is all that there may be, unless the definition says that more may come. */
function strict(schema: Schema): Schema {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return { oneOf: [{ type: 'string' }, { type: 'integer' }] }
  }
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !key.startsWith('x-kubernetes-') && !(key === 'description' && typeof value === 'string'),
  )
  const own = Object.fromEntries(
    kept.map(([key, value]) =>
      // Names of properties are no keywords of a schema.
      key === 'properties' && isObject(value)
        ? [
            key,
            Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapped(each)])),
          ]
        : [key, key === 'default' || key === 'enum' ? value : mapped(value)],
    ),
  )
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  const isClosed = isObject(schema.properties) && !isOpen && !('additionalProperties' in schema)
  return isClosed ? { ...own, additionalProperties: false } : own
}

/** Metadata is everybody's: the definition says no more than that it is an object. */
function schemaOf(kind: string, { openAPIV3Schema }: { openAPIV3Schema: Schema }): Schema {
  const top = strict(openAPIV3Schema)
  const properties = top.properties as Schema
  const required = Array.isArray(top.required) ? top.required : []
  return {
    ...top,
    properties: { ...properties, metadata: { type: 'object' }, kind: { enum: [kind] } },
    required: [...new Set([...required, 'apiVersion', 'kind'])],
  }
}

export interface CustomSchema {
  readonly file: string
  readonly text: string
  /** Module, version and file that it was made of. */
  readonly source: string
}

/**
 * Kinds of other projects that the chart may render, as one strict JSON schema each, from the
 * definitions that these projects publish in their Go modules.
 *
 * @throws CannotBeHad when a module is not to be had
 */
export async function customSchemas(): Promise<readonly CustomSchema[]> {
  const made: CustomSchema[] = []
  for (const { module, version, files } of SOURCES) {
    const folder = await moduleFolder(`${module}@${version}`)
    for (const file of files) {
      const text = await readFile(join(folder, file), 'utf8')
      const { spec } = parse(text) as CustomResourceDefinition
      const { kind } = spec.names
      for (const { name, schema } of spec.versions.filter(({ served }) => served)) {
        const place = [kind, spec.group.split('.')[0], name].join('-').toLowerCase()
        const source = `\`${module}\` ${version}, \`${file}\``
        const strictText = `${JSON.stringify(schemaOf(kind, schema))}\n`
        made.push({ file: `${place}.json`, text: strictText, source })
      }
    }
  }
  return made
}
