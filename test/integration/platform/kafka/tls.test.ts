import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { RunningKafka } from '#local/parts/kafka.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { connectionOf, kafkaClient } from '#platform/kafka/connection.ts'
import { clusterSize } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { register } from '#registrar/register.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import type { Authority, CertificateFiles } from '../../../fixtures/certificates.ts'
import { createAuthority, keyStore } from '../../../fixtures/certificates.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const log = createLogger({ service: 'test', level: 'silent' })

let folder: TemporaryFolder
let ours: Authority
let theirs: Authority
let router: CertificateFiles
let kafka: RunningKafka | undefined
let address: string

/** A listener over TLS that asks for certificates, beside the plain one. */
async function tlsSettings(ports: readonly [number, number, number]): Promise<string[]> {
  const [plain, controller, tls] = ports
  const places = `PLAINTEXT://127.0.0.1:${plain},SSL://127.0.0.1:${tls}`
  return [
    `listeners=${places},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${places}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${await keyStore(await ours.issue('broker'))}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${ours.cert}`,
    'ssl.client.auth=required',
  ]
}

beforeAll(async () => {
  folder = await temporaryFolder('kafka-tls')
  ours = await createAuthority(folder.path, 'ours')
  theirs = await createAuthority(folder.path, 'theirs')
  router = await ours.issue('router')
  const [port = 0, controllerPort = 0, tlsPort = 0] = await freePorts(3)
  const moreSettings = await tlsSettings([port, controllerPort, tlsPort])
  const places = { dataDir: join(folder.path, 'kafka'), logFile: join(folder.path, 'kafka.log') }
  kafka = await startKafka({ ...places, port, controllerPort, moreSettings }, testHost())
  address = `127.0.0.1:${tlsPort}`
})

afterAll(async () => {
  await kafka?.stop()
  await folder.remove()
})

interface Files {
  readonly ca?: string
  readonly own?: CertificateFiles
}

function environment({ ca, own }: Files) {
  return {
    KAFKA_BROKERS: address,
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA_FILE: ca,
    KAFKA_SSL_CERT_FILE: own?.cert,
    KAFKA_SSL_KEY_FILE: own?.key,
  }
}

function brokers(files: Files): Promise<number> {
  const settings = loadSettings(KAFKA_SETTINGS, environment(files))
  return clusterSize(connectionOf(settings, 'tls-test'), log)
}

describe('Kafka over TLS with a private authority', () => {
  it('carries all that a registration does: administration, reading, writing', async () => {
    const settings = loadSettings(REGISTRAR_SETTINGS, {
      ...environment({ ca: ours.cert, own: router }),
      SCHEMA_REGISTRY_URL: inject('registryUrl'),
    })
    const first = await register(settings, log)
    expect(first).toMatchObject({ kind: 'done' })
    const changes = first.kind === 'done' ? first.changes : []
    expect(changes.filter(({ kind }) => kind === 'entry_written')).toHaveLength(3)
    expect(await register(settings, log)).toMatchObject({ kind: 'done', changes: [] })
  })

  it('is not reached with another authority, without our certificate, or with a foreign one', async () => {
    expect(await brokers({ ca: ours.cert, own: router })).toBe(1)
    const wrong: readonly Files[] = [
      { own: router },
      { ca: theirs.cert, own: router },
      { ca: ours.cert },
      { ca: ours.cert, own: await theirs.issue('stranger') },
    ]
    for (const files of wrong) await expect(brokers(files)).rejects.toThrow()
  })

  it('takes renewed files for the next connection of a client that runs, with no restart', async () => {
    const own = { cert: join(folder.path, 'current.crt'), key: join(folder.path, 'current.key') }
    const renew = async ({ cert, key }: CertificateFiles) => {
      await Promise.all([copyFile(cert, own.cert), copyFile(key, own.key)])
    }
    await renew(await theirs.issue('expired'))
    const settings = loadSettings(KAFKA_SETTINGS, environment({ ca: ours.cert, own }))
    const client = kafkaClient(connectionOf(settings, 'tls-renewal'), log, 0)
    const connected = async () => {
      const admin = client.admin()
      await admin.connect()
      await admin.disconnect()
    }
    await expect(connected()).rejects.toThrow()
    await renew(router)
    await connected()
  })
})
