import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { go, goOptions } from '../fixtures/go-programs.ts'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { shelved } from '../fixtures/tool-shelf.ts'
import { moduleFolder } from './module-folder.ts'

export const KUBERNETES_VERSION = '1.34.4'

const SOURCE = fileURLToPath(new URL('hyperkube/main.go', import.meta.url))
/** What Kubernetes is built from, and described in. */
const KUBERNETES_MODULE = `k8s.io/kubernetes@v${KUBERNETES_VERSION}`
const PROGRAMS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
]

/**
 * The go.mod of a program that is built from the published module of Kubernetes. That one points at
 * a folder of its own repository, which the module does not carry, for what is published beside it.
 */
export function moduleOf(goMod: string, version: string): string {
  const beside = `v0.${version.split('.').slice(1).join('.')}`
  const named = goMod
    .replace(/^module .*$/m, 'module event-router/hyperkube')
    .replaceAll(/=> \.\/staging\/src\/(k8s\.io\/[a-z-]+)/g, `=> $1 ${beside}`)
  return `${named.trimEnd()}\n\nrequire k8s.io/kubernetes v${version}\n`
}

/** Programs say the version that they are linked with, and an API server that says none is refused. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.split('.')
  const values = {
    gitVersion: `v${KUBERNETES_VERSION}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
  }
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  const set = packages.flatMap((each) =>
    Object.entries(values).map(([name, value]) => `-X ${each}.${name}=${value}`),
  )
  return ['-s -w', ...set].join(' ')
}

async function built(into: string, report: Progress): Promise<void> {
  report(
    `building Kubernetes ${KUBERNETES_VERSION} and etcd (about ten minutes on two cores, once)`,
  )
  const begun = Date.now()
  const options = { ...goOptions({ GOFLAGS: '-buildvcs=false -trimpath -mod=mod' }), cwd: into }
  const source = await moduleFolder(KUBERNETES_MODULE)
  const goMod = await readFile(join(source, 'go.mod'), 'utf8')
  await writeFile(join(into, 'go.mod'), moduleOf(goMod, KUBERNETES_VERSION))
  await writeFile(join(into, 'go.sum'), await readFile(join(source, 'go.sum')))
  await copyFile(SOURCE, join(into, 'main.go'))
  await go('Kubernetes', ['mod', 'tidy', '-e'], options, report)
  const output = ['-o', join(into, 'hyperkube')]
  await go('Kubernetes', ['build', '-ldflags', linkerFlags(), ...output, '.'], options, report)
  for (const name of PROGRAMS) await symlink('hyperkube', join(into, name))
  report(`built Kubernetes in ${Math.round((Date.now() - begun) / 1000)} s`)
}

/**
 * The folder with etcd, the programs of Kubernetes and kubectl.
 * @throws CannotBeHad when they are not there and cannot be built here
 */
export async function kubernetesPrograms(report: Progress): Promise<string> {
  return await shelved(`kubernetes-v${KUBERNETES_VERSION}`, report, (into) => built(into, report))
}
