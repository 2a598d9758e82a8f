import { cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { command } from './machine-command.ts'
import { buildImage, saveImages } from './podman.ts'
import { HERE } from './work-folder.ts'

/** Stand for the public images of Node, which only a registry has: this machine's Node 24. */
export const RUN_IMAGE = 'localhost/node-run:24'
export const BUILD_IMAGE = 'localhost/node-build:24'

const EPOCH = 0
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'

async function copyInto(root: string, file: string, as = file): Promise<void> {
  await mkdir(join(root, dirname(as)), { recursive: true })
  await cp(file, join(root, as), { dereference: true })
}

/** A program with all libraries that the loader finds for it. */
export async function copyProgram(root: string, file: string, as: string): Promise<void> {
  await copyInto(root, file, as)
  const listed = await command('ldd', [file])
  const libraries = [...listed.matchAll(/(\/[^ \n]+) \(0x/g)].map(([, path = '']) => path)
  for (const library of libraries) await copyInto(root, library)
  // Found by name when a host is looked up.
  const libc = libraries.find((path) => basename(path) === 'libc.so.6')
  for (const name of ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']) {
    if (libc !== undefined) await copyInto(root, join(dirname(libc), name))
  }
}

/** What an image is made of: lines of a Dockerfile that copies `root`, and the files in it. */
export interface ImageParts {
  readonly tag: string
  readonly lines: readonly string[]
  readonly fill: (root: string) => Promise<void>
}

/** Builds an image from a folder of files that a function fills. */
export async function buildParts({ tag, lines, fill }: ImageParts): Promise<void> {
  const folder = await temporaryFolder('image')
  try {
    const root = join(folder.path, 'root')
    await mkdir(root)
    await fill(root)
    await writeFile(join(folder.path, 'Dockerfile'), `${lines.join('\n')}\n`)
    await buildImage({ tag, folder: folder.path, date: EPOCH })
  } finally {
    await folder.remove()
  }
}

/** Node and what it loads, and nothing else: no shell. */
const RUN_PARTS: ImageParts = {
  tag: RUN_IMAGE,
  lines: ['FROM scratch', 'COPY root/ /', 'ENV PATH=/usr/bin', 'CMD ["node"]'],
  fill: async (root) => {
    await copyProgram(root, await realpath(process.execPath), '/usr/bin/node')
    for (const name of ['dev', 'proc', 'run', 'sys', 'tmp']) await mkdir(join(root, name))
    await mkdir(join(root, 'etc'), { recursive: true })
    const user = 'node:x:1000:1000:node:/:/none\n'
    await writeFile(join(root, 'etc/passwd'), `root:x:0:0:root:/:/none\n${user}`)
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
    await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  },
}

/** npm, a shell and find besides. */
const BUILD_PARTS: ImageParts = {
  tag: BUILD_IMAGE,
  lines: [`FROM ${RUN_IMAGE}`, 'COPY root/ /', `ENV NODE_EXTRA_CA_CERTS=${AUTHORITIES} HOME=/root`],
  fill: async (root) => {
    const busybox = '/usr/bin/busybox'
    await copyInto(root, '/bin/busybox', busybox)
    await mkdir(join(root, 'bin'))
    await symlink(busybox, join(root, 'bin/sh'))
    const names = (await command('/bin/busybox', ['--list'])).split('\n')
    for (const name of names.filter((each) => each !== '' && each !== 'busybox')) {
      await symlink(busybox, join(root, 'usr/bin', name))
    }
    const npm = dirname(dirname(await realpath((await command('which', ['npm'])).trim())))
    await cp(npm, join(root, 'usr/lib/npm'), { recursive: true, dereference: true })
    await symlink('../lib/npm/bin/npm-cli.js', join(root, 'usr/bin/npm'))
    await mkdir(join(root, 'root'))
    await copyInto(root, AUTHORITIES)
  },
}

/** The two images of Node that ours are built on, the second on the first. */
export const NODE_IMAGES: readonly ImageParts[] = [RUN_PARTS, BUILD_PARTS]

/** A static program and nothing else. */
async function programImage(tag: string, file: string): Promise<void> {
  const name = basename(file)
  const lines = ['FROM scratch', 'COPY root/ /', `ENTRYPOINT ["/${name}"]`]
  const fill = async (root: string) => {
    await mkdir(join(root, 'tmp'))
    await cp(file, join(root, name))
  }
  await buildParts({ tag, lines, fill })
}

async function pauseImage(): Promise<void> {
  const folder = await temporaryFolder('pause')
  const file = join(folder.path, 'pause')
  await command('gcc', ['-static', '-Os', '-s', '-o', file, join(HERE, 'pause.c')])
  await programImage('localhost/pause:1', file)
  await folder.remove()
}

export interface ProgramFiles {
  readonly coredns: string
  readonly metricsServer: string
}

/** Builds the images that ours are built on, and those that the cluster itself needs. */
export async function buildBaseImages(files: ProgramFiles): Promise<void> {
  for (const parts of NODE_IMAGES) await buildParts(parts)
  await pauseImage()
  await programImage('localhost/coredns:1', files.coredns)
  await programImage('localhost/metrics-server:1', files.metricsServer)
  const tags = ['pause', 'coredns', 'metrics-server'].map((name) => `localhost/${name}:1`)
  await saveImages('cluster', tags)
}
