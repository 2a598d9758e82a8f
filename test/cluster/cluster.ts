import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '#local/parts/run.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { NODE_ADDRESS, NODE_NAME, PARTS_FILE, STATE_FOLDER } from './addresses.ts'
import { makeKeys } from './keys.ts'
import { command, foreground } from './machine-command.ts'
import { HERE, REPOSITORY, WORK } from './work-folder.ts'

/** Where the programs are that run inside. */
export interface Programs {
  /** Folder with etcd, the programs of Kubernetes and kubectl. */
  readonly kubernetes: string
  /** The file of helm. */
  readonly helm: string
}

/** Of the whole machine, and changed by the kubelet. */
const KERNEL_SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
]
/** Below each controller's folder, made by the kubelet and by containerd. */
const CGROUPS = ['kubepods', 'k8s.io']
const CGROUP_ROOT = '/sys/fs/cgroup'
const STARTING = { withinMs: 180_000, everyMs: 300 }
const ENDING = { withinMs: 20_000, everyMs: 100 }

function environment({ kubernetes, helm }: Programs): Readonly<Record<string, string>> {
  const { PATH = '' } = processEnvironment()
  return {
    PATH: `${kubernetes}:${dirname(helm)}:${PATH}`,
    KUBECONFIG: join(WORK.keys, 'admin.conf'),
    CLUSTER: WORK.root,
    ADDRESS: NODE_ADDRESS,
    NODE: process.execPath,
    HERE,
  }
}

/** The first process of the namespaces, or null when there is no cluster. */
async function firstProcess(): Promise<number | null> {
  const pid = Number(await readFile(WORK.pid, 'utf8').catch(() => ''))
  if (!(pid > 0)) return null
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return line.includes(`${HERE}node.sh`) ? pid : null
}

async function nsenter(programs: Programs): Promise<readonly string[]> {
  const pid = await firstProcess()
  if (pid === null) throw new Error('the cluster is not up')
  const variables = Object.entries(environment(programs)).map(([name, value]) => `${name}=${value}`)
  const place = `--wd=${process.cwd()}`
  return ['--target', String(pid), '--mount', '--net', '--pid', place, 'env', ...variables]
}

/** Runs a command where the cluster is, and returns what it printed. */
async function inside(programs: Programs, ...line: readonly string[]): Promise<string> {
  return await command('nsenter', [...(await nsenter(programs)), ...line])
}

/** Runs a command where the cluster is, with this terminal as its own; returns its exit code. */
export async function enter(programs: Programs, line: readonly string[]): Promise<number> {
  return await foreground('nsenter', [...(await nsenter(programs)), ...line])
}

async function keepKernelSettings(): Promise<void> {
  const values = await Promise.all(
    KERNEL_SETTINGS.map(async (name) => [name, await readFile(`/proc/sys/${name}`, 'utf8')]),
  )
  await writeFile(WORK.kernel, JSON.stringify(Object.fromEntries(values)))
}

async function restoreKernelSettings(): Promise<void> {
  const text = await readFile(WORK.kernel, 'utf8').catch(() => '{}')
  for (const [name, value] of Object.entries(JSON.parse(text) as Record<string, string>)) {
    await writeFile(`/proc/sys/${name}`, value).catch(() => undefined)
  }
}

/** Starts the namespaces with their first process, which outlives this one. */
async function startNamespaces(programs: Programs): Promise<void> {
  const log = openSync(join(WORK.logs, 'node.log'), 'a')
  const spaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const line = [...spaces, '--propagation', 'private', 'bash', join(HERE, 'node.sh')]
  const launcher = spawn('unshare', line, {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...processEnvironment(), ...environment(programs) },
  })
  launcher.unref()
  const children = `/proc/${launcher.pid}/task/${launcher.pid}/children`
  const child = async () => /\d+/.exec(await readFile(children, 'utf8'))?.[0] ?? null
  const pid = await eventually(child, STARTING)
  await writeFile(WORK.pid, pid)
  await eventually(firstProcess, STARTING)
}

async function importImages(programs: Programs): Promise<void> {
  const archives = (await readdir(WORK.images)).filter((name) => name.endsWith('.tar'))
  const ctr = ['ctr', '--address', `${STATE_FOLDER}/containerd.sock`, '--namespace', 'k8s.io']
  for (const archive of archives) {
    await inside(programs, ...ctr, 'images', 'import', join(WORK.images, archive))
  }
}

/** The end of a log, for the person who waits in vain. */
async function waited(programs: Programs, what: string, ...line: string[]): Promise<void> {
  try {
    await eventually(() => inside(programs, ...line), STARTING)
  } catch (cause) {
    const place = relative(REPOSITORY, WORK.logs)
    throw new Error(`${what}: not within ${STARTING.withinMs / 1000} s; see ${place}`, { cause })
  }
}

/**
 * Starts the cluster and what runs beside it, and waits until all of it is ready. One that runs
 * already is ended first.
 */
export async function up(programs: Programs, report: Progress): Promise<void> {
  await down()
  const begun = Date.now()
  const done = (what: string) =>
    report(`${what} after ${Math.round((Date.now() - begun) / 1000)} s`)
  for (const folder of [WORK.logs, WORK.images]) await mkdir(folder, { recursive: true })
  await keepKernelSettings()
  await makeKeys(WORK.keys)
  await startNamespaces(programs)
  await waited(programs, 'the API server', 'kubectl', 'get', '--raw', '/readyz')
  done('the API server answers')
  await importImages(programs)
  done('the images are there')
  await inside(programs, 'kubectl', 'apply', '-f', join(HERE, 'addons.yaml'))
  const ready = ['kubectl', 'wait', '--timeout=2s']
  await waited(programs, 'the node', ...ready, '--for=condition=Ready', `node/${NODE_NAME}`)
  done('the node is ready')
  const deployments = ['--namespace', 'kube-system', 'deployment', '--all']
  await waited(programs, 'its add-ons', ...ready, '--for=condition=Available', ...deployments)
  done('names and measurements are there')
  await waited(programs, 'the brokers, registry and Postgres beside it', 'test', '-s', PARTS_FILE)
  done('the brokers, the registry and Postgres beside it are ready')
}

async function removeCgroups(): Promise<void> {
  const controllers = await readdir(CGROUP_ROOT).catch(() => [])
  for (const top of ['', ...controllers].flatMap((each) =>
    CGROUPS.map((name) => join(each, name)),
  )) {
    const below = await readdir(join(CGROUP_ROOT, top), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => [])
    const folders = below.filter((each) => each.isDirectory())
    const paths = [
      join(CGROUP_ROOT, top),
      ...folders.map(({ parentPath, name }) => join(parentPath, name)),
    ]
    for (const path of paths.sort((a, b) => b.length - a.length)) {
      await rmdir(path).catch(() => undefined)
    }
  }
}

/** A build that was broken off leaves its file systems mounted. */
async function removeMounts(): Promise<void> {
  const places = (await readFile('/proc/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1])
  const own = places.filter((place) => place?.startsWith(WORK.podman)).reverse()
  for (const place of own) await run('umount', ['--lazy', place ?? ''])
}

/** Ends the cluster, whatever state it is in: its first process, and with it every other. */
export async function down(): Promise<void> {
  const pid = await firstProcess()
  if (pid !== null) {
    process.kill(pid, 'SIGKILL')
    await eventually(async () => (await firstProcess()) === null, ENDING)
    await restoreKernelSettings()
    // The last processes are still being taken out of their groups.
    await pause(500)
  }
  await removeCgroups()
  await removeMounts()
  for (const place of [WORK.pid, WORK.kernel, WORK.keys]) {
    await rm(place, { recursive: true, force: true })
  }
}

/** Whether a cluster runs. */
export async function isUp(): Promise<boolean> {
  return (await firstProcess()) !== null
}

/** Whether the kernel lets this process make the namespaces, in words when it does not. */
export async function namespaceProblem(): Promise<string | null> {
  const tried = await run('unshare', [
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--mount-proc',
    'true',
  ])
  if (tried.kind === 'missing') return 'there is no unshare in PATH'
  return tried.code === 0 ? null : `no namespaces can be made: ${tried.output.trim()}`
}
