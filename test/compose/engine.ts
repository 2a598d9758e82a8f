import { spawn } from 'node:child_process'
import { cp, mkdir, readdir, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '#platform/config/environment.ts'
import { requirePackages } from '../cluster/debian-packages.ts'
import { command } from '../cluster/machine-command.ts'
import { CannotBeHad, go, goOptions } from '../fixtures/go-programs.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { shelved } from '../fixtures/tool-shelf.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
/** The engine's images and containers, and its configuration. */
const WORK = fileURLToPath(new URL('../../.local/compose/', import.meta.url))
const COMPOSE = { module: 'github.com/docker/compose/v2', version: 'v2.40.3' }
/** The engine and what is process 1 of a container with `init`. */
const DEBS = ['docker.io', 'tini']

/** Unpacked beside, not installed: nothing of the machine changes, and no engine is started with it. */
async function enginePrograms(report: Progress): Promise<string> {
  return await shelved('docker-engine', report, async (into) => {
    report(`fetching Debian's ${DEBS.join(', ')}`)
    const folder = await temporaryFolder('debs')
    await command('apt-get', ['download', '-qq', ...DEBS], { cwd: folder.path }).catch(() => {
      throw new CannotBeHad(`apt-get could not fetch ${DEBS.join(', ')}; try apt-get update`)
    })
    for (const name of await readdir(folder.path)) {
      await command('dpkg', ['-x', join(folder.path, name), into])
    }
    await folder.remove()
  })
}

/** Built from a copy of its module, since it has replace directives that `go install` refuses. */
async function composePlugin(report: Progress): Promise<string> {
  const { module, version } = COMPOSE
  return await shelved(`docker-compose-${version}`, report, async (into) => {
    report(`building docker compose ${version} (some minutes, once)`)
    const folder = await temporaryFolder('docker-compose')
    const quiet = () => undefined
    const said = await go(
      'compose',
      ['mod', 'download', '-json', `${module}@${version}`],
      goOptions(),
      quiet,
    )
    const { Dir: source } = JSON.parse(said.slice(said.indexOf('{'))) as { Dir: string }
    await cp(source, folder.path, { recursive: true })
    await command('chmod', ['-R', 'u+w', folder.path])
    const flags = `-s -w -X ${module}/internal.Version=${version}`
    const build = ['build', '-ldflags', flags, '-o', join(into, 'docker-compose'), './cmd']
    await go('compose', build, { ...goOptions(), cwd: folder.path }, report)
    await folder.remove()
  })
}

/** An engine that can be started here. */
export interface Engine {
  /** Runs a command beside it, with this terminal as its own; its exit code. */
  beside(
    mode: 'build' | 'run',
    line: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<number>
}

/** @throws CannotBeHad on a machine where it can neither be found nor made */
export async function preparedEngine(report: Progress): Promise<Engine> {
  await requirePackages(report)
  const engine = await enginePrograms(report)
  const plugins = join(WORK, 'config', 'cli-plugins')
  await mkdir(plugins, { recursive: true })
  const plugin = join(await composePlugin(report), 'docker-compose')
  await symlink(plugin, join(plugins, 'docker-compose')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const { PATH = '', ...environment } = processEnvironment()
  const path = [join(engine, 'usr/sbin'), join(engine, 'usr/bin'), PATH].join(delimiter)
  return {
    beside: async (mode, line, env = {}) => {
      const own = mode === 'run' ? ['--net'] : []
      const namespaces = ['--mount', ...own, '--pid', '--fork', '--kill-child', '--mount-proc']
      const args = [...namespaces, 'bash', join(HERE, 'engine.sh'), ...line]
      const child = spawn('unshare', args, {
        stdio: 'inherit',
        env: {
          ...environment,
          PATH: path,
          DOCKER_CONFIG: join(WORK, 'config'),
          DATA: WORK,
          MODE: mode,
          ...env,
        },
      })
      return await new Promise((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code) => resolve(code ?? 1))
      })
    },
  }
}
