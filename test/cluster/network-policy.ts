/** What is read of Kubernetes' objects to make their policies count. */
export interface Labelled {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

export interface Pod extends Labelled {
  readonly spec: {
    readonly hostNetwork?: boolean
    readonly containers: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
    }[]
  }
  readonly status: { readonly podIP?: string; readonly phase: string }
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    readonly values?: readonly string[]
  }[]
}

interface Peer {
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

interface Port {
  readonly protocol?: string
  readonly port?: number | string
  readonly endPort?: number
}

interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly Port[]
}

export interface NetworkPolicy extends Labelled {
  readonly spec: {
    readonly podSelector: Selector
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly Rule[]
    readonly egress?: readonly Rule[]
  }
}

type Direction = 'ingress' | 'egress'

interface Surroundings {
  readonly pods: readonly Pod[]
  /** Labels of each namespace. */
  readonly spaces: ReadonlyMap<string, Readonly<Record<string, string>>>
}

function matches(selector: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
  const equal = Object.entries(selector.matchLabels ?? {})
  const holds = ({ key, operator, values = [] }: NonNullable<Selector['matchExpressions']>[0]) => {
    const has = key in labels
    if (operator === 'Exists') return has
    if (operator === 'DoesNotExist') return !has
    return values.includes(labels[key] ?? '') === (operator === 'In')
  }
  return (
    equal.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(holds)
  )
}

/** The pods that a peer means, seen from the policy's namespace. */
function podsOf(peer: Peer, home: string, { pods, spaces }: Surroundings): readonly Pod[] {
  const { namespaceSelector: others, podSelector = {} } = peer
  return pods.filter(({ metadata: { namespace = '', labels } }) => {
    const isThere =
      others === undefined ? namespace === home : matches(others, spaces.get(namespace))
    return isThere && matches(podSelector, labels)
  })
}

function set(values: readonly (string | number)[]): string {
  return `{ ${[...new Set(values)].join(', ')} }`
}

/** Where the other end may be, as conditions of which one has to hold; one empty one means anywhere. */
function places(rule: Rule, way: Direction, home: string, around: Surroundings): readonly string[] {
  const peers = (way === 'ingress' ? rule.from : rule.to) ?? []
  const field = way === 'ingress' ? 'ip saddr' : 'ip daddr'
  if (peers.length === 0) return ['']
  return peers.flatMap((peer) => {
    if (peer.ipBlock !== undefined) {
      const { cidr, except = [] } = peer.ipBlock
      const without = except.length === 0 ? '' : `${field} != ${set(except)} `
      return [`${field} ${cidr} ${without}`]
    }
    const addresses = podsOf(peer, home, around).map(({ status }) => status.podIP ?? '')
    return addresses.length === 0 ? [] : [`${field} ${set(addresses)} `]
  })
}

/** Numbers of a port; a name means what the pods at the receiving end call so. */
function numbersOf(port: number | string, receivers: readonly Pod[]): readonly number[] {
  if (typeof port === 'number') return [port]
  return receivers.flatMap(({ spec }) =>
    spec.containers.flatMap(({ ports = [] }) =>
      ports.filter(({ name }) => name === port).map(({ containerPort }) => containerPort),
    ),
  )
}

function doors(ports: readonly Port[] = [], receivers: readonly Pod[]): readonly string[] {
  if (ports.length === 0) return ['']
  return ports.flatMap(({ protocol = 'TCP', port, endPort }) => {
    const name = protocol.toLowerCase()
    if (port === undefined) return [`meta l4proto ${name} `]
    if (endPort !== undefined) return [`${name} dport ${port}-${endPort} `]
    const numbers = numbersOf(port, receivers)
    return numbers.length === 0 ? [] : [`${name} dport ${set(numbers)} `]
  })
}

function allowed(pod: Pod, policy: NetworkPolicy, way: Direction, around: Surroundings): string[] {
  const home = policy.metadata.namespace ?? ''
  const receivers = way === 'ingress' ? [pod] : around.pods
  return (policy.spec[way] ?? []).flatMap((rule) =>
    places(rule, way, home, around).flatMap((place) =>
      doors(rule.ports, receivers).map((door) => `${place}${door}accept`),
    ),
  )
}

function isMeant(policy: NetworkPolicy, { metadata }: Pod, way: Direction): boolean {
  const { podSelector, policyTypes = ['Ingress'] } = policy.spec
  const types = policyTypes.map((type) => type.toLowerCase())
  return (
    policy.metadata.namespace === metadata.namespace &&
    types.includes(way) &&
    matches(podSelector, metadata.labels)
  )
}

function chain(name: string, lines: readonly string[]): string {
  return `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`
}

function directionChains(
  way: Direction,
  policies: readonly NetworkPolicy[],
  around: Surroundings,
): string {
  const own = way === 'ingress' ? 'daddr' : 'saddr'
  const chains: string[] = []
  const jumps: string[] = []
  for (const pod of around.pods) {
    const mine = policies.filter((policy) => isMeant(policy, pod, way))
    if (mine.length === 0) continue
    const name = `${way}_${(pod.metadata.uid ?? '').replaceAll('-', '')}`
    const lines = mine.flatMap((policy) => allowed(pod, policy, way, around))
    chains.push(chain(name, [...new Set(lines), 'drop']))
    jumps.push(`ip ${own} ${pod.status.podIP} goto ${name}`)
  }
  // What a pod sends to the node itself is not forwarded; what the node sends to a pod is a probe.
  const hooks = way === 'egress' ? ['forward', 'input'] : ['forward']
  const priority = way === 'egress' ? 10 : 11
  const entries = hooks.map((hook) =>
    chain(`${hook}_${way}`, [
      `type filter hook ${hook} priority ${priority}; policy accept;`,
      'ct state established,related accept',
      ...jumps,
    ]),
  )
  return [...chains, ...entries].join('')
}

/**
 * Network policies as one nftables table. Each end has a hook of its own, since both must allow a
 * connection. Works where packets between pods are routed.
 */
export function ruleset(
  policies: readonly NetworkPolicy[],
  pods: readonly Pod[],
  namespaces: readonly Labelled[],
): string {
  const ended = new Set(['Succeeded', 'Failed'])
  const around: Surroundings = {
    pods: pods.filter(
      ({ spec, status }) => status.podIP && !spec.hostNetwork && !ended.has(status.phase),
    ),
    spaces: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
  }
  const table = 'ip network_policy'
  const chains = (['egress', 'ingress'] as const).map((way) =>
    directionChains(way, policies, around),
  )
  return `table ${table} {}\ndelete table ${table}\ntable ${table} {\n${chains.join('')}}\n`
}
