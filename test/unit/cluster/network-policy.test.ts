import { describe, expect, it } from 'vitest'
import type { NetworkPolicy, Pod } from '../../cluster/network-policy.ts'
import { ruleset } from '../../cluster/network-policy.ts'

function pod(name: string, podIP: string, labels: Record<string, string>, namespace = 'a'): Pod {
  const ports = [{ name: 'http', containerPort: 8080 }]
  return {
    metadata: { name, namespace, uid: `${name}-1`, labels },
    spec: { containers: [{ ports }] },
    status: { podIP, phase: 'Running' },
  }
}

function policy(spec: NetworkPolicy['spec'], namespace = 'a'): NetworkPolicy {
  return { metadata: { name: 'p', namespace }, spec }
}

const server = pod('server', '10.244.0.2', { app: 'server' })
const friend = pod('friend', '10.244.0.3', { client: 'yes' })
const stranger = pod('stranger', '10.244.0.4', {})
const neighbour = pod('neighbour', '10.244.0.5', { client: 'yes' }, 'b')
const pods = [server, friend, stranger, neighbour]
const spaces = ['a', 'b'].map((name) => ({ metadata: { name, labels: { team: name } } }))
const toServer = { podSelector: { matchLabels: { app: 'server' } } }
const fromFriends = [{ podSelector: { matchLabels: { client: 'yes' } } }]

/** The lines of the chain of a pod. */
function chainOf(text: string, name: string): string[] {
  const [, lines = ''] =
    new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\\n  \\}`).exec(text) ?? []
  return lines.split('\n').map((line) => line.trim())
}

describe('a network policy as rules', () => {
  it('lets everything pass for a pod that no policy means', () => {
    const text = ruleset([policy({ ...toServer, ingress: [] })], pods, spaces)
    expect(text).toContain('ip daddr 10.244.0.2 goto ingress_server1')
    expect(text).not.toContain('10.244.0.3 goto')
  })

  it('lets nothing in where it allows nothing', () => {
    const text = ruleset([policy({ ...toServer, ingress: [] })], pods, spaces)
    expect(chainOf(text, 'ingress_server1')).toEqual(['drop'])
  })

  it('lets in the pods of its own namespace that it names, at the port that they call by name', () => {
    const ingress = [{ from: fromFriends, ports: [{ port: 'http' }] }]
    const text = ruleset([policy({ ...toServer, ingress })], pods, spaces)
    expect(chainOf(text, 'ingress_server1')).toEqual([
      'ip saddr { 10.244.0.3 } tcp dport { 8080 } accept',
      'drop',
    ])
  })

  it('looks for pods in the namespaces that it names', () => {
    const namespaceSelector = {
      matchExpressions: [{ key: 'team', operator: 'In' as const, values: ['b'] }],
    }
    const ingress = [{ from: [{ ...fromFriends[0], namespaceSelector }] }]
    const text = ruleset([policy({ ...toServer, ingress })], pods, spaces)
    expect(chainOf(text, 'ingress_server1')).toEqual(['ip saddr { 10.244.0.5 } accept', 'drop'])
  })

  it('lets nobody in when no pod is named like its peers', () => {
    const ingress = [{ from: [{ podSelector: { matchLabels: { client: 'no' } } }] }]
    const text = ruleset([policy({ ...toServer, ingress })], pods, spaces)
    expect(chainOf(text, 'ingress_server1')).toEqual(['drop'])
  })

  it('allows blocks of addresses, without their exceptions, and ranges of ports', () => {
    const ipBlock = { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }
    const egress = [
      { to: [{ ipBlock }], ports: [{ port: 9092, endPort: 9094 }, { protocol: 'UDP' }] },
    ]
    const spec = { ...toServer, policyTypes: ['Egress'], egress }
    const text = ruleset([policy(spec)], pods, spaces)
    const where = 'ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 }'
    expect(chainOf(text, 'egress_server1')).toEqual([
      `${where} tcp dport 9092-9094 accept`,
      `${where} meta l4proto udp accept`,
      'drop',
    ])
    expect(text).not.toContain('ingress_server1')
  })

  it('also holds for what a pod sends to the node itself', () => {
    const spec = { ...toServer, policyTypes: ['Egress'], egress: [] }
    const text = ruleset([policy(spec)], pods, spaces)
    expect(chainOf(text, 'input_egress')).toContain('ip saddr 10.244.0.2 goto egress_server1')
  })

  it('forgets pods that have ended, whose address another may have', () => {
    const ended = { ...friend, status: { ...friend.status, phase: 'Succeeded' } }
    const ingress = [{ from: fromFriends }]
    const text = ruleset([policy({ ...toServer, ingress })], [server, ended], spaces)
    expect(chainOf(text, 'ingress_server1')).toEqual(['drop'])
  })
})
