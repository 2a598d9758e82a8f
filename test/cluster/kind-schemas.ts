/** Kinds by the API groups that they are asked of; the core's group has no name. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  '': ['ConfigMap', 'PersistentVolumeClaim', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  apps: ['Deployment', 'StatefulSet'],
  autoscaling: ['HorizontalPodAutoscaler'],
  batch: ['Job', 'CronJob'],
  'networking.k8s.io': ['Ingress', 'NetworkPolicy'],
  policy: ['PodDisruptionBudget'],
  'rbac.authorization.k8s.io': ['Role', 'RoleBinding'],
}

interface Definition {
  readonly properties?: Readonly<Record<string, object>>
  readonly additionalProperties?: unknown
  readonly required?: readonly string[]
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string
    readonly version: string
    readonly kind: string
  }[]
}

type Definitions = Readonly<Record<string, Definition>>

/** What an API server answers under /openapi/v2, as far as it matters here. */
export interface OpenApi {
  readonly definitions: Definitions
}

/** Both are written as a number or as text, which their descriptions alone say. */
const NUMBER_OR_TEXT = [
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  'io.k8s.apimachinery.pkg.api.resource.Quantity',
]

function strict(name: string, definition: Definition): Definition {
  if (NUMBER_OR_TEXT.includes(name)) {
    return { oneOf: [{ type: 'string' }, { type: 'number' }] } as Definition
  }
  const isClosed = definition.properties !== undefined && !definition.additionalProperties
  return isClosed ? { ...definition, additionalProperties: false } : definition
}

/** The names of all definitions that one needs, itself included. */
function needed(name: string, definitions: Definitions, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen
  seen.add(name)
  const text = JSON.stringify(definitions[name])
  for (const [, next = ''] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) {
    needed(next, definitions, seen)
  }
  return seen
}

function withoutProse(key: string, value: unknown): unknown {
  const isProse = key === 'description' && typeof value === 'string'
  return isProse || key.startsWith('x-kubernetes-') ? undefined : value
}

function schemaOf(name: string, kind: string, definitions: Definitions): string {
  const top = definitions[name] ?? {}
  const own = [...needed(name, definitions)].filter((each) => each !== name).sort()
  const schema = {
    ...top,
    properties: { ...top.properties, kind: { type: 'string', enum: [kind] } },
    required: [...new Set([...(top.required ?? []), 'apiVersion', 'kind'])],
    definitions: Object.fromEntries(own.map((each) => [each, definitions[each]])),
  }
  return `${JSON.stringify(schema, withoutProse)}\n`
}

function strictAll(raw: Definitions): Definitions {
  return Object.fromEntries(
    Object.entries(raw).map(([name, definition]) => [name, strict(name, definition)]),
  )
}

/**
 * One strict JSON schema for each kind that the chart may render, by the name that kubeconform asks
 * for, from Kubernetes' own description (OpenAPI 2).
 */
export function kindSchemas({ definitions: raw }: OpenApi): ReadonlyMap<string, string> {
  const definitions = strictAll(raw)
  const files = new Map<string, string>()
  for (const [name, definition] of Object.entries(definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      if (!KINDS[group]?.includes(kind)) continue
      const place = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version].join('-')
      files.set(`${place.toLowerCase()}.json`, schemaOf(name, kind, definitions))
    }
  }
  return files
}
