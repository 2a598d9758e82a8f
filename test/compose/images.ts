import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageParts } from '../cluster/base-images.ts'
import { NODE_IMAGES } from '../cluster/base-images.ts'
import { command } from '../cluster/machine-command.ts'
import { npmSettings } from '../cluster/service-images.ts'
import { STAND_IN_IMAGES } from '../cluster/stand-ins.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

/** Run beside an engine on the machine's network: makes every image that compose will start. */

const note = (line: string) => void process.stderr.write(`${line}\n`)

async function build({ tag, lines, fill }: ImageParts): Promise<void> {
  note(`building ${tag}`)
  const folder = await temporaryFolder('image')
  try {
    const root = join(folder.path, 'root')
    await mkdir(root)
    await fill(root)
    await writeFile(join(folder.path, 'Dockerfile'), `${lines.join('\n')}\n`)
    await command('docker', ['build', '--quiet', '--tag', tag, folder.path])
  } finally {
    await folder.remove()
  }
}

/** Ours, by compose, as a person would build them; npm is told here where its registry is. */
async function buildOurs(): Promise<void> {
  note('building our images by compose')
  const folder = await temporaryFolder('npm')
  try {
    const npmrc = join(folder.path, 'npmrc')
    await writeFile(npmrc, await npmSettings(), { mode: 0o600 })
    const listed = await command('docker', ['compose', '--profile', 'cli', 'config', '--services'])
    const given = '{ build: { network: host, secrets: [npmrc] } }'
    const parts = ['kafka', 'registry', 'postgres']
    const ours = listed
      .trim()
      .split('\n')
      .filter((name) => !parts.includes(name))
    const services = ours.map((name) => `  ${name}: ${given}`).join('\n')
    const override = join(folder.path, 'override.yml')
    await writeFile(override, `secrets: { npmrc: { file: ${npmrc} } }\nservices:\n${services}\n`)
    const files = ['--file', 'docker-compose.yml', '--file', override]
    await command('docker', ['compose', ...files, '--profile', 'cli', 'build', '--quiet'])
  } finally {
    await folder.remove()
  }
}

for (const parts of [...NODE_IMAGES, ...STAND_IN_IMAGES]) await build(parts)
await buildOurs()
