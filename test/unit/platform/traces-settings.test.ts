import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '#local/parts/ports.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { TRACE_SETTINGS, tracesUrl } from '#platform/traces-settings.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/temporary-folder.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const spawning = { timeout: 60_000 }

/** Tells at the end which packages of OpenTelemetry's a process has loaded, by whatever way. */
const TELL_TALE = `
  import { writeSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  const seen = new Set()
  registerHooks({
    load(url, context, nextLoad) {
      const name = /node_modules\\/@opentelemetry\\/([^/]+)/.exec(url)?.[1]
      if (name !== undefined) seen.add(name)
      return nextLoad(url, context)
    },
  })
  process.on('exit', () => writeSync(2, JSON.stringify([...seen].sort())))`

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await temporaryFolder('traces')
})
afterAll(() => folder.remove())

/** What a service loads from its start to its stop; nothing that it needs is there. */
async function loadedBy(
  main: string,
  settings: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const nowhere = `127.0.0.1:${await freePort()}`
  const env = {
    KAFKA_BROKERS: nowhere,
    DATABASE_URL: `postgres://nobody@${nowhere}/none`,
    ENDPOINTS_FILE: folder.path,
    INGRESS_PORT: '0',
    MANAGEMENT_PORT: '0',
    DRAIN_DELAY_MS: '0',
    ...settings,
  }
  const tellTale = `data:text/javascript,${encodeURIComponent(TELL_TALE)}`
  const child = spawn(process.execPath, ['--import', tellTale, main], { cwd: ROOT, env })
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString('utf8')
  })
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('service.started')) child.kill('SIGTERM')
  })
  await once(child, 'close')
  return JSON.parse(told)
}

describe.each(['services/ingress/main.ts', 'services/consumers/card/main.ts'])('%s', (main) => {
  it('loads nothing of OpenTelemetry when no collector is configured', spawning, async () => {
    // prom-client loads the bare interfaces, whether they are used or not.
    expect(await loadedBy(main, {})).toEqual(['api'])
  })

  it('loads the SDK when one is', spawning, async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const loaded = await loadedBy(main, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    expect(loaded).toEqual(expect.arrayContaining(['exporter-trace-otlp-http', 'sdk-trace']))
  })
})

describe('the settings of traces', () => {
  it('name no collector and keep every trace unless told otherwise', () => {
    const settings = loadSettings(TRACE_SETTINGS, {})
    expect(settings).toEqual({ tracesEndpoint: null, traceSampleRatio: 1 })
  })

  it.each(['-0.1', '1.1', 'half'])('refuse the ratio %s', (ratio) => {
    const load = () => loadSettings(TRACE_SETTINGS, { TRACE_SAMPLE_RATIO: ratio })
    expect(load).toThrow('TRACE_SAMPLE_RATIO')
  })

  it.each(['http://collector:4318', 'http://collector:4318/'])('take %s as the base', (base) => {
    expect(tracesUrl(base)).toBe('http://collector:4318/v1/traces')
  })
})
