import { chmod, cp, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaClassPath, registryJar } from '#local/parts/jars.ts'
import { requireJava } from '#local/parts/java.ts'
import { postgresBinaries } from '#local/parts/postgres-binaries.ts'
import { run } from '#local/parts/run.ts'
import { testHost } from '../fixtures/part-host.ts'
import type { ImageParts } from './base-images.ts'
import { copyProgram, NODE_IMAGES } from './base-images.ts'
import { command } from './machine-command.ts'

const HERE = fileURLToPath(new URL('stand-ins/', import.meta.url))
const JAVA = '/usr/lib/jvm/java'
const JAVA_LEAVES_OUT = ['jmods', 'include', 'legal', 'man', 'docs', 'demo']

/** Of public images that only a registry has, by their names in compose and in the chart. */
export const STAND_INS = {
  kafka: 'localhost/stand-in-kafka:1',
  registry: 'localhost/stand-in-registry:1',
  postgres: 'localhost/stand-in-postgres:1',
} as const

/** What the stand-ins take of what the public images are told, for whoever reads what a suite did. */
export const STAND_INS_TAKE: Readonly<Record<keyof typeof STAND_INS, string>> = {
  kafka: 'KAFKA_HEAP_OPTS, CLUSTER_ID and KAFKA_* as settings; user 1000',
  registry: 'JAVA_MAX_MEM_RATIO, and all that Apicurio itself reads; user 1001 of group 0',
  postgres: 'POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB; begins as root or as user 999',
}

const BASE = 'localhost/stand-in-base:1'
const JAVA_BASE = 'localhost/stand-in-java:1'

async function script(file: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `#!/bin/bash\n${lines.join('\n')}\n`)
  await chmod(file, 0o755)
}

/** Node with bash, which health checks ask for. */
const base: ImageParts = {
  tag: BASE,
  lines: ['FROM scratch', 'COPY root/ /', 'ENV PATH=/usr/bin:/bin'],
  fill: async (root) => {
    await NODE_IMAGES[0]?.fill(root)
    await chmod(join(root, 'tmp'), 0o1777)
    await copyProgram(root, '/bin/bash', '/bin/bash')
    await symlink('bash', join(root, 'bin/sh'))
  },
}

/** Copies what the loader finds for some programs and libraries, as far as it lies elsewhere. */
async function copyLibrariesOf(root: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    // Not everything that is called a library is one.
    const listed = await run('ldd', [file])
    if (listed.kind === 'missing') throw new Error('there is no ldd in PATH')
    for (const [, library = ''] of listed.output.matchAll(/=> (\/[^ \n]+) \(0x/g)) {
      if (library.startsWith(root)) continue
      await cp(library, join(root, library), { dereference: true })
    }
  }
}

async function librariesIn(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const libraries = found.filter(({ name }) => name.includes('.so'))
  return libraries.map(({ name, parentPath }) => join(parentPath, name))
}

const java: ImageParts = {
  tag: JAVA_BASE,
  lines: [`FROM ${BASE}`, 'COPY root/ /', `ENV PATH=${JAVA}/bin:/usr/bin:/bin`],
  fill: async (root) => {
    const found = await command('which', [await requireJava(testHost())])
    const home = dirname(dirname(await realpath(found.trim())))
    for (const name of await readdir(home)) {
      if (JAVA_LEAVES_OUT.includes(name) || name.endsWith('.zip')) continue
      const to = join(root, JAVA, name)
      // Debian's JDK has links to what is in no package that is installed.
      const isThere = (file: string) => realpath(file).then(Boolean, () => false)
      await cp(join(home, name), to, { recursive: true, dereference: true, filter: isThere })
    }
    await copyProgram(root, join(home, 'bin/java'), `${JAVA}/bin/java`)
    await copyLibrariesOf(root, await librariesIn(join(root, JAVA, 'lib')))
  },
}

const kafka: ImageParts = {
  tag: STAND_INS.kafka,
  lines: [
    `FROM ${JAVA_BASE}`,
    'COPY --chown=1000:1000 root/opt/kafka /opt/kafka',
    'COPY --chown=1000:0 root/var/lib/kafka /var/lib/kafka',
    'USER 1000:1000',
    'ENTRYPOINT ["node", "/opt/kafka/bin/kafka.mjs"]',
  ],
  fill: async (root) => {
    const bin = join(root, 'opt/kafka/bin')
    await mkdir(join(root, 'opt/kafka/config'), { recursive: true })
    await mkdir(join(root, 'var/lib/kafka/data'), { recursive: true })
    for (const jar of (await kafkaClassPath(testHost())).split(':')) {
      await cp(jar, join(root, 'opt/kafka/libs', jar.slice(dirname(jar).length + 1)))
    }
    for (const name of ['kafka.mjs', 'api-versions.mjs'])
      await cp(join(HERE, name), join(bin, name))
    const ask = 'exec node /opt/kafka/bin/api-versions.mjs "$@"'
    await script(join(bin, 'kafka-broker-api-versions.sh'), [ask])
  },
}

const registry: ImageParts = {
  tag: STAND_INS.registry,
  lines: [
    `FROM ${JAVA_BASE}`,
    'COPY --chown=1001:0 root/deployments /deployments',
    'WORKDIR /deployments',
    'USER 1001',
    'ENTRYPOINT ["/deployments/run.sh"]',
  ],
  fill: async (root) => {
    const jar = await registryJar(testHost())
    await cp(dirname(jar), join(root, 'deployments'), { recursive: true })
    await cp(jar, join(root, 'deployments/registry.jar'))
    const small = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
    const heap = `-XX:MaxRAMPercentage=\${JAVA_MAX_MEM_RATIO:-80} ${small}`
    await script(join(root, 'deployments/run.sh'), [`exec java ${heap} -jar registry.jar`])
    // The public image gives its files to its user and to group 0, and promises nothing to others.
    await command('chmod', ['-R', 'u=rwX,g=rwX,o=', join(root, 'deployments')])
  },
}

const postgres: ImageParts = {
  tag: STAND_INS.postgres,
  lines: [`FROM ${BASE}`, 'COPY root/ /', 'ENTRYPOINT ["node", "/opt/postgres/postgres.mjs"]'],
  fill: async (root) => {
    const { postgres: program } = await postgresBinaries()
    const own = join(root, 'opt/postgres')
    await cp(dirname(dirname(program)), own, { recursive: true, dereference: true })
    const programs = ['initdb', 'postgres'].map((name) => join(own, 'bin', name))
    await copyLibrariesOf(root, [...programs, ...(await librariesIn(join(own, 'lib')))])
    await mkdir(join(root, 'var/lib/postgresql'), { recursive: true })
    // initdb wants its user to have a name.
    const users = 'root:x:0:0:root:/:/none\npostgres:x:999:999:postgres:/:/none\n'
    await mkdir(join(root, 'etc'), { recursive: true })
    await writeFile(join(root, 'etc/passwd'), users)
    await cp(join(HERE, 'postgres.mjs'), join(own, 'postgres.mjs'))
    await script(join(root, 'usr/bin/pg_isready'), ['exec 3<>/dev/tcp/127.0.0.1/5432'])
  },
}

/** All of them, each after what it is built on. */
export const STAND_IN_IMAGES: readonly ImageParts[] = [base, java, kafka, registry, postgres]
