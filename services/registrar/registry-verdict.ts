import type { Domain } from '#core/routing.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { RegistryAnswer } from '#platform/registry/registry-answer.ts'
import { SUBJECT_LEVEL } from '#platform/registry/registry-client.ts'
import type { SchemaFolder } from './schema-files.ts'
import type { PublishedSchemas, RegistryVerdict } from './version-check.ts'

/** What a check asks of a registry; nothing is changed. */
export interface RegistryQuestions {
  compatibility(subject: string): Promise<RegistryAnswer<string | null>>
  /** Every schema of the subject, oldest first; none where there is no such subject. */
  registeredSchemas(subject: string): Promise<RegistryAnswer<readonly string[]>>
  isCompatible(subject: string, schema: string): Promise<RegistryAnswer<boolean>>
}

interface SubjectAnswer {
  readonly domain: Domain
  readonly published: readonly string[]
  readonly isRefused: boolean
  readonly hasOtherLevel: boolean
}

function reasonOf(answer: Exclude<RegistryAnswer<unknown>, { kind: 'ok' }>): string {
  return answer.kind === 'refused' ? `HTTP ${answer.status}` : answer.reason
}

async function subjectAnswer(
  registry: RegistryQuestions,
  { version, schemas }: SchemaFolder,
  domain: Domain,
): Promise<SubjectAnswer | string> {
  const subject = recordName(version, domain)
  const registered = await registry.registeredSchemas(subject)
  if (registered.kind !== 'ok') return reasonOf(registered)
  const published = registered.value
  if (published.length === 0) return { domain, published, isRefused: false, hasOtherLevel: false }
  const level = await registry.compatibility(subject)
  if (level.kind !== 'ok') return reasonOf(level)
  const compatible = await registry.isCompatible(subject, schemas[domain])
  if (compatible.kind !== 'ok') return reasonOf(compatible)
  const hasOtherLevel = level.value !== SUBJECT_LEVEL
  return { domain, published, isRefused: !compatible.value, hasOtherLevel }
}

/**
 * Asks the registry what it holds of a version and whether it would take these schemas; one subject
 * after another. Unreachable as soon as one answer is missing: half a verdict is none.
 */
export async function registryVerdict(
  registry: RegistryQuestions,
  folder: SchemaFolder,
): Promise<RegistryVerdict> {
  const answers: SubjectAnswer[] = []
  for (const domain of DOMAINS) {
    const answer = await subjectAnswer(registry, folder, domain)
    if (typeof answer === 'string') return { kind: 'unreachable', reason: answer }
    answers.push(answer)
  }
  const pairs = answers.map(({ domain, published }) => [domain, published] as const)
  return {
    kind: 'asked',
    published: Object.fromEntries(pairs) as PublishedSchemas,
    refused: answers.filter(({ isRefused }) => isRefused).map(({ domain }) => domain),
    otherLevels: answers.filter(({ hasOtherLevel }) => hasOtherLevel).map(({ domain }) => domain),
  }
}
