import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../fixtures/chart.ts'
import {
  CHART,
  component,
  noHelm,
  object,
  ofKind,
  podOf,
  RELEASE,
  renderedSet,
  renderedText,
  runHelm,
  running,
  valueSets,
} from '../../fixtures/chart.ts'
import { imageTargets } from '../../fixtures/image-targets.ts'
import { kubernetesTool } from '../../fixtures/kubernetes-tools.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/temporary-folder.ts'

const SCHEMAS = fileURLToPath(new URL('../../fixtures/kubernetes-schemas/', import.meta.url))
const PARTS_OF_TRIALS = /^dev-/
const sets = valueSets()
const kubeconform = await kubernetesTool('kubeconform')

/** Labels that a roll, an upgrade or a value could change. */
const CHANGING = ['app.kubernetes.io/version', 'helm.sh/chart', 'app.kubernetes.io/managed-by']

function isOurs(manifest: Manifest): boolean {
  return !PARTS_OF_TRIALS.test(component(manifest))
}

function podLabels({ kind, metadata, spec }: Manifest): Readonly<Record<string, string>> {
  if (kind === 'Pod') return metadata.labels
  return (kind === 'CronJob' ? spec.jobTemplate.spec : spec).template.metadata.labels
}

function expectSelected(selector: Readonly<Record<string, string>>, objects: readonly Manifest[]) {
  const pods = running(objects).map(({ manifest }) => podLabels(manifest))
  const selected = pods.filter((labels) =>
    Object.entries(selector).every(([name, value]) => labels[name] === value),
  )
  expect([selector, selected.length > 0]).toEqual([selector, true])
}

describe.runIf(noHelm === null)('the chart', () => {
  it('is tried with at least ten sets of values', () => {
    expect(sets.length).toBeGreaterThanOrEqual(10)
  })

  it.each(['minimal', 'trial'])('passes helm lint with the set %s', async (set) => {
    const values = join(CHART, 'ci', `${set}-values.yaml`)
    const { code, output } = await runHelm(['lint', '--strict', CHART, '--values', values])
    expect([code, output]).toEqual([0, expect.stringContaining('0 chart(s) failed')])
  })
})

describe.runIf(noHelm === null).each(sets)('every object of the set %s', (set) => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet(set)
  })

  it('is there once, with the labels of the chart and a name that is not too long', () => {
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.name.length <= 63]).toEqual([kind, true])
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'event-router',
        'app.kubernetes.io/instance': RELEASE,
        'app.kubernetes.io/component': expect.any(String),
        'app.kubernetes.io/version': expect.any(String),
        'app.kubernetes.io/managed-by': 'Helm',
        'helm.sh/chart': expect.stringMatching(/^event-router-/),
      })
      for (const label of Object.values(metadata.labels)) expect(label.length).toBeLessThan(64)
    }
  })

  it('that runs something is as Pod Security "restricted" asks', () => {
    for (const { pod } of running(objects)) {
      expect(pod.automountServiceAccountToken).toBe(false)
      expect(pod.enableServiceLinks).toBe(false)
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(pod).not.toHaveProperty('hostNetwork')
      for (const { securityContext } of pod.containers) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        })
      }
      for (const volume of pod.volumes ?? []) {
        const [type] = Object.keys(volume).filter((key) => key !== 'name')
        expect(['projected', 'emptyDir', 'configMap']).toContain(type)
      }
    }
  })

  it('of ours that runs something has a root that cannot be written to', () => {
    for (const { pod } of running(objects.filter(isOurs))) {
      expect(pod.containers[0].securityContext).toMatchObject({ readOnlyRootFilesystem: true })
    }
  })

  it('that runs something says what it needs and where memory ends', () => {
    for (const { pod } of running(objects)) {
      expect(pod.containers[0].resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      })
    }
  })

  it('that runs for long is asked whether it is started, live and ready', () => {
    for (const { spec } of ofKind(objects, 'Deployment')) {
      const [container] = spec.template.spec.containers
      expect(Object.keys(container)).toEqual(
        expect.arrayContaining(['startupProbe', 'livenessProbe', 'readinessProbe']),
      )
      for (const probe of [container.livenessProbe, container.readinessProbe]) {
        expect(probe.timeoutSeconds).toBeGreaterThan(1)
      }
    }
  })

  it('mounts whole folders, of which a change is seen', () => {
    for (const { pod } of running(objects)) {
      expect(JSON.stringify(pod)).not.toContain('subPath')
    }
  })

  it('selects pods that are there, by labels that never change', () => {
    for (const { kind, spec } of objects) {
      const selector =
        kind === 'Service' ? spec.selector : (spec?.selector ?? spec?.podSelector)?.matchLabels
      if (selector === undefined) continue
      expectSelected(kind === 'ServiceMonitor' ? {} : selector, objects)
      expect(selector).toMatchObject({ 'app.kubernetes.io/instance': RELEASE })
      expect(Object.keys(selector).filter((label) => CHANGING.includes(label))).toEqual([])
    }
  })

  it('that is a pod carries nothing that changes with the chart alone', () => {
    for (const { spec } of ofKind(objects, 'Deployment')) {
      const labels = Object.keys(spec.template.metadata.labels)
      expect(labels.filter((label) => CHANGING.includes(label))).toEqual([])
    }
  })

  it('runs an image that exists, with a version', () => {
    const targets = [...imageTargets().keys()]
    for (const { manifest, pod } of running(objects.filter(isOurs))) {
      const [container] = pod.containers
      const [, target, version] = /\/([a-z-]+)((?::|@sha256:).+)$/.exec(container.image) ?? []
      expect(targets).toContain(target)
      expect(version).not.toMatch(/^:(?:latest)?$/)
      expect([component(manifest), 'cli']).toContain(target === 'cli' ? 'cli' : component(manifest))
    }
  })
})

describe('the templates', () => {
  it('make references of images in one place', () => {
    const folder = join(CHART, 'templates')
    const lines = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:tpl|yaml)$/.test(file))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
      .filter((line) => /^\s*image:/.test(line))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => !/include "event-router\.(?:ownI|i)mage"/.test(line))).toEqual([])
  })
})

const canCompare = noHelm === null && kubeconform.kind === 'ready'

describe.runIf(canCompare)('Kubernetes', () => {
  let folder: TemporaryFolder
  beforeAll(async () => {
    folder = await temporaryFolder('manifests')
  })
  afterAll(() => folder.remove())

  it('knows every object and every field of all sets, by its own schemas', async () => {
    let count = 0
    for (const set of sets) {
      count += (await renderedSet(set)).length
      await writeFile(join(folder.path, `${set}.yaml`), await renderedText(set))
    }
    if (kubeconform.kind === 'missing') return
    const schemas = `${SCHEMAS}{{.ResourceKind}}{{.KindSuffix}}.json`
    const args = ['-strict', '-summary', '-output', 'json', '-schema-location', schemas]
    const { stdout } = await promisify(execFile)(kubeconform.command, [...args, folder.path]).catch(
      (error: { stdout: string }) => error,
    )
    const { resources = [], summary } = JSON.parse(stdout)
    expect(resources).toEqual([])
    expect(summary).toMatchObject({ valid: count, invalid: 0, errors: 0, skipped: 0 })
  })
})

describe.runIf(noHelm === null)('a hook', () => {
  it('needs nothing that comes with the release', async () => {
    const objects = await renderedSet('secured')
    const hooks = objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'])
    const early = hooks.filter(({ metadata }) =>
      metadata.annotations?.['helm.sh/hook']?.includes('pre-install'),
    )
    expect(early.map(({ kind }) => kind).sort()).toEqual(['Job', 'NetworkPolicy', 'ServiceAccount'])
    const job = object(objects, 'Job', `${RELEASE}-event-router-registrar`)
    expect(early.map(({ metadata }) => metadata.name)).toContain(podOf(job)?.serviceAccountName)
  })
})
