import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { processEnvironment } from '#platform/config/environment.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { ExternalAddresses } from './addresses.ts'
import { PARTS_FILE, STATE_FOLDER } from './addresses.ts'
import type { KubeApi } from './kube-api.ts'
import { items, kubeApi } from './kube-api.ts'
import { command } from './machine-command.ts'
import { IMAGE_REGISTRY } from './service-images.ts'
import type { DeclaredEndpoint } from './tenants.ts'
import { REPOSITORY, WORK } from './work-folder.ts'

export const NAMESPACE = 'event-router'
export const RELEASE = 'event-router'
export const DATABASE_SECRET = 'event-router-database'
export const ENDPOINTS_SECRET = 'event-router-endpoints'

export const CHART = join(REPOSITORY, 'charts', 'event-router')

/** What is read of a pod. */
export interface ReleasePod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly spec: { readonly containers: readonly { readonly image: string }[] }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly restartCount: number }[]
  }
}

export function isReady({ metadata, status }: ReleasePod): boolean {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && metadata.deletionTimestamp === undefined
}

const log = createLogger({ service: 'test', level: 'silent' })
const SETTLING = { withinMs: 120_000, everyMs: 250 }

/** One release in the cluster, with what it was given. Runs inside the cluster's namespaces. */
export class Site {
  readonly addresses: ExternalAddresses
  readonly database: Database
  readonly api: KubeApi
  /** Values of every upgrade from now on, beside the shortest ones. */
  beyond: object = {}
  #endpoints: readonly DeclaredEndpoint[] = []

  private constructor(addresses: ExternalAddresses) {
    this.addresses = addresses
    this.api = kubeApi(WORK.keys)
    this.database = openDatabase({
      url: addresses.databaseUrl,
      applicationName: 'cluster-suite',
      poolSize: 2,
      statementTimeoutMs: 60_000,
      log,
    })
  }

  static async open(): Promise<Site> {
    return new Site(JSON.parse(await readFile(PARTS_FILE, 'utf8')) as ExternalAddresses)
  }

  get kafka(): KafkaConnection {
    const { brokers } = this.addresses
    return { brokers, clientId: 'cluster-suite', ssl: false, sasl: null }
  }

  get endpoints(): readonly DeclaredEndpoint[] {
    return this.#endpoints
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    return await command('kubectl', ['--namespace', NAMESPACE, ...args])
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    await command('kubectl', ['apply', '-f', '-'], { env: processEnvironment(), input })
  }

  /** Makes a namespace that refuses pods which are not hardened. */
  async makeNamespace(name: string): Promise<void> {
    const enforce = 'pod-security.kubernetes.io/enforce'
    const labels = { [enforce]: 'restricted', [`${enforce}-version`]: 'latest' }
    await this.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  }

  /** Makes the release's namespace, and the operator's two secrets. */
  async prepare(endpoints: readonly DeclaredEndpoint[]): Promise<void> {
    await this.makeNamespace(NAMESPACE)
    await this.secret(DATABASE_SECRET, { url: this.addresses.databaseUrl })
    await this.declare(endpoints)
  }

  async secret(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name, namespace: NAMESPACE }
    await this.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData })
  }

  /** Puts these endpoints in place of those in the Secret. */
  async declare(endpoints: readonly DeclaredEndpoint[]): Promise<void> {
    this.#endpoints = endpoints
    await this.secret(ENDPOINTS_SECRET, { 'endpoints.json': JSON.stringify({ endpoints }) })
  }

  /** What the shortest install of the README says, and where the images are. */
  values(tag: string): object {
    return {
      image: { registry: IMAGE_REGISTRY, tag },
      kafka: { brokers: this.addresses.brokers },
      schemaRegistry: { url: this.addresses.registryUrl },
      database: { existingSecret: DATABASE_SECRET },
      endpoints: { existingSecret: ENDPOINTS_SECRET },
    }
  }

  /** `helm install` or `helm upgrade`, waiting until it is done. */
  async helm(
    verb: 'install' | 'upgrade',
    tag: string,
    more: object = {},
    ...flags: readonly string[]
  ): Promise<void> {
    const from: string[] = []
    for (const values of [this.values(tag), this.beyond, more]) {
      const file = join(STATE_FOLDER, `values-${from.length}.json`)
      await writeFile(file, JSON.stringify(values))
      from.push('--values', file)
    }
    const how = ['--namespace', NAMESPACE, '--wait', '--timeout', '5m', ...flags]
    await command('helm', [verb, RELEASE, CHART, ...from, ...how])
  }

  /** Pods of a component, also those that are ending. */
  async pods(component: string): Promise<readonly ReleasePod[]> {
    const labels = `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/component=${component}`
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${encodeURIComponent(labels)}`
    return await items<ReleasePod>(this.api, path)
  }

  async readyPods(component: string): Promise<readonly ReleasePod[]> {
    return (await this.pods(component)).filter(isReady)
  }

  /** Waits until so many pods of a component are ready, and no other is left. */
  async waitForPods(component: string, count: number): Promise<readonly ReleasePod[]> {
    return await eventually(async () => {
      const pods = await this.pods(component)
      return pods.length === count && pods.every(isReady) ? pods : null
    }, SETTLING)
  }

  /** Base URL of the ingress, by the address of its Service. */
  async ingressUrl(): Promise<string> {
    const path = `/api/v1/namespaces/${NAMESPACE}/services/${RELEASE}-ingress`
    const service = (await this.api.get(path)) as {
      readonly spec: {
        readonly clusterIP: string
        readonly ports: readonly { readonly name: string; readonly port: number }[]
      }
    }
    const port = service.spec.ports.find(({ name }) => name === 'http')?.port
    return `http://${service.spec.clusterIP}:${port}`
  }

  async close(): Promise<void> {
    await this.database.end()
  }
}
