import { findingLine } from './check-finding.ts'
import { differenceReport } from './difference-report.ts'
import type { RegistryVerdict, VersionCheck } from './version-check.ts'

function registryLines(registry: RegistryVerdict, published: number): readonly string[] {
  switch (registry.kind) {
    case 'not_asked':
      return [
        published === 0
          ? 'registry: not asked (--offline)'
          : `registry: not asked (--offline); compared with ${published} schemas of the known folder`,
      ]
    case 'unreachable':
      return [`registry: no answer (${registry.reason}); nothing is said about compatibility`]
    case 'asked': {
      const count = Object.values(registry.published).flat().length
      const first = count === 0 ? 'knows nothing of this version' : `holds ${count} schemas of it`
      const levels = registry.otherLevels.map(
        (domain) =>
          `registry: note: the level of ${domain} is not FULL_TRANSITIVE; register sets it`,
      )
      return [`registry: ${first}`, ...levels]
    }
  }
}

function sampleLine({ samples }: VersionCheck): string {
  const { types, unknownFields } = samples
  const unknown = unknownFields === 0 ? '' : `; ${unknownFields} keys are in raw only`
  return `samples: ${types.length} event types${unknown}`
}

function differenceLines({ before, differences }: VersionCheck): readonly string[] {
  if (before === null) return ['differs: nothing older to hold it against']
  return [`differs from ${before}:`, ...differenceReport(differences).map((line) => `  ${line}`)]
}

/** A checked version in words, for people. */
export function checkLines(check: VersionCheck): readonly string[] {
  const { version, findings, registry, published, before, unsampled } = check
  const verdict = findings.length === 0 ? 'no findings' : `${findings.length} findings`
  return [
    `${version}: ${verdict}`,
    ...findings.map((found) => `  ${findingLine(found)}`),
    `  ${sampleLine(check)}`,
    ...unsampled.map((type) => `  samples: note: no ${type}, which ${before} has`),
    ...registryLines(registry, published).map((line) => `  ${line}`),
    ...differenceLines(check).map((line) => `  ${line}`),
  ]
}

/** A checked version for another team's CI; keys are stable, new ones may come. */
export function checkJson(check: VersionCheck): Readonly<Record<string, unknown>> {
  const { version, findings, samples, registry, before, differences, unsampled } = check
  return {
    version,
    ok: findings.length === 0 && registry.kind !== 'unreachable',
    findings,
    samples: { types: samples.types, unknown_fields: samples.unknownFields, missing: unsampled },
    registry:
      registry.kind === 'asked'
        ? { kind: 'asked', refused: registry.refused }
        : { kind: registry.kind },
    before,
    differences,
  }
}
