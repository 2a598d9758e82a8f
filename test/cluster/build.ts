import { kafkaClassPath, registryJar } from '#local/parts/jars.ts'
import { requireJava } from '#local/parts/java.ts'
import { CannotBeHad, goProgram } from '../fixtures/go-programs.ts'
import { kubernetesTool } from '../fixtures/kubernetes-tools.ts'
import { testHost } from '../fixtures/part-host.ts'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { buildBaseImages } from './base-images.ts'
import type { Programs } from './cluster.ts'
import { namespaceProblem } from './cluster.ts'
import { requirePackages } from './debian-packages.ts'
import { kubernetesPrograms } from './hyperkube.ts'
import { command } from './machine-command.ts'
import { buildTrialImages } from './trial-images.ts'

/** The programs, built where they are not there yet. */
export async function programs(report: Progress): Promise<Programs> {
  const helm = await kubernetesTool('helm', report)
  if (helm.kind === 'missing') throw new CannotBeHad(helm.reason)
  const file = helm.command.startsWith('/')
    ? helm.command
    : (await command('which', [helm.command])).trim()
  return { kubernetes: await kubernetesPrograms(report), helm: file }
}

/** Brokers and the registry start inside the cluster's namespaces, which reach no repository of jars. */
async function fetchParts(report: Progress): Promise<void> {
  const host = { ...testHost(), report }
  await requireJava(host)
  await Promise.all([kafkaClassPath(host), registryJar(host)])
}

/**
 * Everything that a cluster is made of, but for the images of this repository.
 * @throws CannotBeHad with what this machine lacks
 */
export async function buildCluster(report: Progress): Promise<Programs> {
  await requirePackages(report)
  const problem = await namespaceProblem()
  if (problem !== null) throw new CannotBeHad(problem)
  await fetchParts(report)
  const built = await programs(report)
  const coredns = await goProgram('coredns', report)
  const metricsServer = await goProgram('metrics-server', report)
  report('building the base images')
  await buildBaseImages({ coredns, metricsServer })
  report('building what stands in for the public images of a trial')
  await buildTrialImages(report)
  return built
}
