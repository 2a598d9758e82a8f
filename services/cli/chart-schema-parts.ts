/** A JSON schema, draft 7, which every Helm understands. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** An object that has these properties and no other; none of them has to be there. */
export function closed(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', additionalProperties: false, properties }
}

export function matching(pattern: string): JsonSchema {
  return { type: 'string', pattern }
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

export function whole(minimum: number, maximum: number): JsonSchema {
  return { type: 'integer', minimum, maximum }
}

export function wordOf(words: readonly string[]): JsonSchema {
  return { enum: [...words] }
}

export const text: JsonSchema = { type: 'string' }
export const flag: JsonSchema = { type: 'boolean' }
export const textMap: JsonSchema = { type: 'object', additionalProperties: text }
/** An object of Kubernetes' own, which the API server knows better. */
export const foreign: JsonSchema = { type: 'object' }
/** A name of an object, or nothing. */
export const objectName = matching('^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$')
/** A key of a Secret. */
export const secretKey = matching('^[A-Za-z0-9._-]{1,253}$')
export const optionalSecretKey = matching('^[A-Za-z0-9._-]{0,253}$')
export const hostName = matching('^(\\*\\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$')
export const webAddress = matching('^(https?://[^\\s]+)?$')
export const duration = matching('^[1-9][0-9]*(ms|s|m)$')
export const digest = matching('^(sha256:[0-9a-f]{64})?$')
/** How the names of Services begin: with a letter, and without a dot. */
export const namePart = matching('^([a-z]([a-z0-9-]*[a-z0-9])?)?$')
/** A number of pods or a part of them, from none on. */
export const podsOrPart: JsonSchema = {
  anyOf: [whole(0, 1000), matching('^([0-9]|[1-9][0-9])%$')],
}
/** The same, and never none. */
export const somePodsOrPart: JsonSchema = {
  anyOf: [whole(1, 1000), matching('^([1-9]|[1-9][0-9]|100)%$')],
}

const quantity: JsonSchema = {
  anyOf: [
    { type: 'number', minimum: 0 },
    matching('^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$'),
  ],
}
const quantities: JsonSchema = { type: 'object', additionalProperties: quantity }
export const resources = closed({ requests: quantities, limits: quantities })

/** Files of a TLS connection in a Secret. */
export function tls(more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  return closed({
    ...more,
    existingSecret: objectName,
    caKey: optionalSecretKey,
    mutual: flag,
    certKey: secretKey,
    keyKey: secretKey,
  })
}

/** What every component's pods can be told. */
export const podProperties = {
  heapMiB: whole(32, 65_536),
  resources,
  kafkaSecrets: closed({ sasl: objectName, tls: objectName }),
  serviceAccount: closed({ create: flag, name: objectName, annotations: textMap }),
  podSecurityContext: foreign,
  containerSecurityContext: foreign,
  podLabels: textMap,
  podAnnotations: textMap,
  nodeSelector: textMap,
  tolerations: listOf(foreign),
  affinity: foreign,
  priorityClassName: text,
  extraEnvVars: listOf({
    ...closed({
      name: matching('^[A-Za-z_][A-Za-z0-9_]*$'),
      value: text,
      valueFrom: foreign,
    }),
    required: ['name'],
  }),
  extraVolumes: listOf({ type: 'object', required: ['name'] }),
  extraVolumeMounts: listOf({ type: 'object', required: ['name', 'mountPath'] }),
} as const satisfies Readonly<Record<string, JsonSchema>>

/** What those of a Deployment can be told besides. */
export const deploymentProperties = {
  replicaCount: whole(1, 1000),
  terminationGracePeriodSeconds: whole(1, 3600),
  topologySpreadConstraints: listOf({
    type: 'object',
    required: ['topologyKey', 'maxSkew', 'whenUnsatisfiable'],
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>
