import { HANDLED_DOMAINS } from '#core/routing.ts'
import type { Setting } from '#platform/config/settings.ts'
import { LOG_LEVELS } from '#platform/log-level.ts'
import type { JsonSchema } from './chart-schema-parts.ts'
import {
  closed,
  deploymentProperties,
  digest,
  duration,
  flag,
  foreign,
  hostName,
  listOf,
  matching,
  namePart,
  objectName,
  optionalSecretKey,
  podProperties,
  podsOrPart,
  resources,
  secretKey,
  somePodsOrPart,
  text,
  textMap,
  tls,
  webAddress,
  whole,
  wordOf,
} from './chart-schema-parts.ts'
import { CHART_SERVICES, settingsByVariable } from './chart-settings.ts'

const ADDRESS = '(\\[[0-9A-Fa-f:]+\\]|[^\\s,:\\[\\]]+):[0-9]{1,5}'
const RUNNING = ['ingress', ...HANDLED_DOMAINS.map((domain) => `consumer-${domain}`)]
const TARGETS = [...RUNNING, 'registrar', 'cli']
const pullSecrets = listOf({ ...closed({ name: objectName }), required: ['name'] })

/** The type of a setting that is given: null is said by leaving it out. */
function settingSchema({ schema, about }: Setting): JsonSchema {
  const plain = JSON.parse(JSON.stringify(schema)) as JsonSchema & { anyOf?: JsonSchema[] }
  return { description: about, ...(plain.anyOf?.[0] ?? plain) }
}

function settings(service: keyof typeof CHART_SERVICES): JsonSchema {
  const entries = settingsByVariable(service).map((setting) => {
    return [setting.variable, settingSchema(setting)] as const
  })
  return closed(Object.fromEntries(entries))
}

const image = closed({
  registry: text,
  repository: matching('^[a-z0-9]+([._/-]+[a-z0-9]+)*$'),
  tag: matching('^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$'),
  digests: closed(Object.fromEntries(TARGETS.map((target) => [target, digest]))),
  pullPolicy: wordOf(['Always', 'IfNotPresent', 'Never']),
})

const kafka = closed({
  brokers: {
    anyOf: [listOf(matching(`^${ADDRESS}$`)), matching(`^(${ADDRESS}(,${ADDRESS})*)?$`)],
  },
  topicPrefix: JSON.parse(JSON.stringify(CHART_SERVICES.ingress.topicPrefix.schema)),
  replicationFactor: { type: ['integer', 'null'], minimum: 1, maximum: 15 },
  tls: tls({ enabled: flag }),
  sasl: closed({
    enabled: flag,
    mechanism: wordOf(['plain', 'scram-sha-256', 'scram-sha-512']),
    existingSecret: objectName,
    usernameKey: secretKey,
    passwordKey: secretKey,
  }),
})

const schemaRegistry = closed({
  url: webAddress,
  context: matching('^(\\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,120})?$'),
  existingSecret: objectName,
  usernameKey: secretKey,
  passwordKey: secretKey,
  tokenKey: optionalSecretKey,
  tls: tls(),
})

const endpoints = closed({
  store: wordOf(['file', 'postgres']),
  existingSecret: objectName,
  furtherSecrets: listOf(objectName),
  urlKey: secretKey,
  keysKey: secretKey,
  tls: closed({ existingSecret: objectName }),
})

const ingress = closed({
  ...podProperties,
  ...deploymentProperties,
  settings: settings('ingress'),
  autoscaling: closed({
    kind: wordOf(['none', 'hpa']),
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    targetCPUUtilizationPercentage: whole(1, 100),
  }),
  pdb: closed({ enabled: flag, minAvailable: podsOrPart }),
  decisionTls: tls(),
  preStopSeconds: whole(0, 300),
  service: closed({
    type: wordOf(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: whole(1, 65_535),
    annotations: textMap,
    loadBalancerSourceRanges: listOf(matching('^[0-9A-Fa-f.:]+/[0-9]{1,3}$')),
    externalTrafficPolicy: wordOf(['', 'Cluster', 'Local']),
  }),
  ingress: closed({
    enabled: flag,
    className: objectName,
    hosts: listOf(hostName),
    tlsSecret: objectName,
    annotations: textMap,
  }),
  httpRoute: closed({
    enabled: flag,
    parentRefs: listOf({ type: 'object', required: ['name'] }),
    hostnames: listOf(hostName),
    annotations: textMap,
  }),
})

const consumer = closed({
  ...podProperties,
  ...deploymentProperties,
  enabled: flag,
  settings: settings('consumer'),
  autoscaling: closed({
    kind: wordOf(['none', 'hpa', 'keda']),
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    targetCPUUtilizationPercentage: whole(1, 100),
    lagThreshold: whole(1, 1_000_000_000),
    pollingIntervalSeconds: whole(1, 3600),
  }),
  pdb: closed({ enabled: flag, maxUnavailable: somePodsOrPart }),
  minReadySeconds: whole(0, 600),
})

const registrar = closed({
  ...podProperties,
  enabled: flag,
  settings: settings('registrar'),
  backoffLimit: whole(0, 100),
  activeDeadlineSeconds: whole(10, 86_400),
})

const networkPolicy = closed({
  enabled: flag,
  http: closed({ from: listOf(foreign) }),
  management: closed({ from: listOf(foreign) }),
  egress: closed({
    enabled: flag,
    kafkaPorts: listOf(whole(1, 65_535)),
    databasePorts: listOf(whole(1, 65_535)),
    registryPorts: listOf(whole(1, 65_535)),
    dnsPorts: listOf(whole(1, 65_535)),
    rules: listOf(foreign),
    ingressRules: listOf(foreign),
  }),
})

const monitor = closed({ enabled: flag, interval: duration, labels: textMap })

const metrics = closed({
  scrapeAnnotations: flag,
  podMonitor: monitor,
  serviceMonitor: monitor,
  prometheusRule: closed({
    enabled: flag,
    labels: textMap,
    namespaceLabel: matching('^([A-Za-z_][A-Za-z0-9_]*)?$'),
    alertLabels: textMap,
    runbookUrl: webAddress,
  }),
  dashboards: closed({ enabled: flag, labels: textMap, annotations: textMap }),
})

const cli = closed({
  ...podProperties,
  cronJob: closed({
    enabled: flag,
    suspend: flag,
    schedule: matching('^\\S+( \\S+){4}$'),
    args: listOf(text),
  }),
})

const tests = closed({
  enabled: flag,
  endpoint: matching('^(whk_[A-Za-z0-9_-]+)?$'),
  realTenant: flag,
  domain: wordOf(HANDLED_DOMAINS),
  withinSeconds: whole(5, 3600),
})

const part = closed({
  registry: text,
  repository: matching('^[a-z0-9]+([._/-]+[a-z0-9]+)*$'),
  tag: matching('^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$'),
  digest,
  resources,
})

const dev = closed({
  enabled: flag,
  kafka: part,
  registry: part,
  postgres: part,
  endpoint: closed({
    id: matching('^whk_test_[A-Za-z0-9_-]+$'),
    tenantId: matching('^tnt_test_[A-Za-z0-9_-]+$'),
  }),
})

/** What `helm install` may be given: every value of the chart with its form, and none besides. */
export function chartSchema(): JsonSchema {
  const values = {
    enabled: flag,
    // Other charts' as well.
    global: {
      type: 'object',
      properties: { imageRegistry: text, imagePullSecrets: pullSecrets },
    },
    image,
    imagePullSecrets: pullSecrets,
    nameOverride: namePart,
    fullnameOverride: namePart,
    commonLabels: textMap,
    podSecurityContext: foreign,
    containerSecurityContext: foreign,
    bindAddress: wordOf(['0.0.0.0', '::']),
    logLevel: wordOf(LOG_LEVELS),
    kafka,
    schemaRegistry,
    database: closed({
      existingSecret: objectName,
      key: secretKey,
      tls: closed({ existingSecret: objectName }),
    }),
    endpoints,
    ingress,
    consumerDefaults: { $ref: '#/definitions/consumer' },
    consumers: closed(
      Object.fromEntries(
        HANDLED_DOMAINS.map((domain) => [domain, { $ref: '#/definitions/consumer' }]),
      ),
    ),
    registrar,
    networkPolicy,
    metrics,
    tracing: closed({
      endpoint: webAddress,
      sampleRatio: { type: 'number', minimum: 0, maximum: 1 },
    }),
    cli,
    tests,
    dev,
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of event-router',
    definitions: { consumer },
    ...closed(values),
  }
}
