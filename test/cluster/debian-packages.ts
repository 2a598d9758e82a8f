import { run } from '#local/parts/run.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { CannotBeHad } from '../fixtures/go-programs.ts'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { command } from './machine-command.ts'

/** What a node needs of its machine, and what makes images without an engine. */
const PACKAGES = [
  'busybox-static',
  'conntrack',
  'containerd',
  'containernetworking-plugins',
  'gcc',
  'iproute2',
  'ipset',
  'iptables',
  'libc6-dev',
  'nftables',
  'openssl',
  'podman',
  'procps',
  'runc',
]

/** @throws CannotBeHad on a machine where they can neither be found nor installed */
export async function requirePackages(report: Progress): Promise<void> {
  if (process.getuid?.() !== 0) throw new CannotBeHad('it needs root: namespaces, cgroups, mounts')
  const known = await run('dpkg-query', ['--show', ...PACKAGES])
  if (known.kind === 'missing') throw new CannotBeHad('it needs Debian: there is no dpkg-query')
  if (known.code === 0 && !/\t$/m.test(known.output)) return
  report(`installing Debian's ${PACKAGES.join(', ')}`)
  const env = { ...processEnvironment(), DEBIAN_FRONTEND: 'noninteractive' }
  await command('apt-get', ['update', '-qq'], { env })
  const how = ['install', '-y', '-qq', '--no-install-recommends']
  await command('apt-get', [...how, ...PACKAGES], { env })
}
