import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { markdownTable } from '#cli/markdown-table.ts'
import { GO_PROGRAMS } from '../fixtures/go-programs.ts'
import type { ExternalAddresses } from './addresses.ts'
import { KUBERNETES_VERSION } from './hyperkube.ts'
import type { Preparation } from './preparation.ts'
import type { Step } from './proceedings.ts'
import { trialImages } from './trial-images.ts'
import { REPOSITORY } from './work-folder.ts'

export interface Run extends Preparation {
  readonly steps: readonly Step[]
  /** Of the suite alone, without what was built. */
  readonly seconds: number
}

const MEGABYTE = 1e6
const SHORT_DIGEST = 12

function stepsTable(steps: readonly Step[]): string {
  const rows = steps.map(({ name, seconds, findings, fault }) => {
    const found = Object.entries(findings).map(([what, value]) => `${what}: ${value}`)
    return [fault === null ? 'passed' : '**failed**', name, `${seconds} s`, found.join(', ')]
  })
  return markdownTable(['Result', 'What holds', 'Time', 'Found'], rows)
}

function imagesTable(images: Run['images']): string {
  const rows = images.map(({ target, bytes, id }) => {
    const digest = id.replace('sha256:', '').slice(0, SHORT_DIGEST)
    return [`\`${target}\``, `${(bytes / MEGABYTE).toFixed(1)} MB`, `\`${digest}\``]
  })
  return markdownTable(['Image', 'Size', 'Digest of the configuration'], rows)
}

/** Without the places of this machine. */
function shown(fault: string): string {
  const lines = fault.replaceAll(REPOSITORY, '').split('\n')
  return lines.filter((line) => !/^\s+at /.test(line)).join('\n')
}

function faults(steps: readonly Step[]): string {
  const failed = steps.filter(({ fault }) => fault !== null)
  if (failed.length === 0) return ''
  const told = failed.map(
    ({ name, fault }) => `### ${name}\n\n\`\`\`\n${shown(fault ?? '')}\n\`\`\`\n`,
  )
  return `\n## What failed\n\n${told.join('\n')}`
}

/** The report of a run. It names no place of the machine, and no secret. */
export async function reportText(run: Run, { brokers }: ExternalAddresses): Promise<string> {
  const [cpu] = cpus()
  const machine = `${availableParallelism()} x ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`
  const passed = run.steps.filter(({ fault }) => fault === null).length
  const { helm, coredns } = GO_PROGRAMS
  const standIns = await trialImages()
  return `# What the cluster suite did

Written by \`npm run test:cluster\` on ${new Date().toISOString().slice(0, 10)}: ${passed} of ${run.steps.length} steps passed in ${run.seconds} s.
Machine: ${machine}, Node ${process.versions.node}; load average of the last 15 minutes ${(loadavg()[2] ?? 0).toFixed(1)}.

The cluster: one node of Kubernetes ${KUBERNETES_VERSION} (etcd, API server, controller manager, scheduler, kubelet, kube-proxy, built from
their Go modules), containerd and runc of Debian, CoreDNS ${coredns.version}, metrics-server, Helm ${helm.version}, in mount, network and process
namespaces of its own. Beside it ${brokers.length} Kafka broker${brokers.length === 1 ? '' : 's'}, a schema registry and Postgres, as a company has them already; pods reach them at
an address outside of the cluster's network. Every event that was acknowledged in any step is compared with what Postgres says became of it,
after each step: none lost, none with two effects, none out of its tenant's order.

${stepsTable(run.steps)}
${faults(run.steps)}
## Images

Sizes are of all layers, not compressed; Node takes most of it, and all images share it and the packages.

${imagesTable(run.images)}

## What had to be built

${run.built.length === 0 ? 'Nothing: all programs were there already.' : run.built.map((line) => `- ${line}`).join('\n')}

## What could not be had

- **The public images.** No container registry is reached, so the images stand on this machine's Node 24 with its libraries instead of
  \`node:*-slim\`: without a shell, as the Dockerfile asks of a run image. For the same reason the three public images of a trial
  (\`dev.enabled\`) are stand-ins under their names, built here of the same Kafka and Apicurio and of an embedded Postgres. That the public
  ones run as these users and take these variables was read in their sources, and is not shown here. What the stand-ins take:
${standIns.map(({ name, takes }) => `  - \`${name}\`: ${takes}`).join('\n')}
- **A network plugin that enforces policies.** A small program turns NetworkPolicy objects into nftables rules (\`test/cluster/network-policy.ts\`).
- **A second node.** The drain therefore shows what the budgets hold, not where pods go; spreading over nodes and zones is not shown.
- **KEDA and Prometheus.** Their objects are checked against their schemas without a cluster.
`
}
