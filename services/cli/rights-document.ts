import type { KafkaRight } from '#core/kafka-rights.ts'
import { kafkaRights, PRINCIPALS } from '#core/kafka-rights.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { markdownTable } from './markdown-table.ts'

/** What names begin with when nobody says otherwise: the commands can be run as they stand. */
const { topicPrefix: PREFIX } = loadSettings({ topicPrefix: KAFKA_SETTINGS.topicPrefix }, {})

function nameOf({ name, isPrefix }: KafkaRight): string {
  return isPrefix ? `\`${name}*\`` : `\`${name}\``
}

function commandLine(principal: string, right: KafkaRight): string {
  const { resource, name, isPrefix, operations } = right
  const all = operations.map((operation) => `--operation ${operation}`).join(' ')
  const pattern = isPrefix ? ' --resource-pattern-type prefixed' : ''
  return `acl --allow-principal User:${principal} ${all} --${resource} ${name}${pattern}`
}

const HEAD =
  'acl() { kafka-acls.sh --bootstrap-server "$BROKERS" --command-config "$ADMIN" --add "$@"; }'

/** A table of the rights of each principal, and the commands that give them. */
export function rightsDocument(): string {
  const all = PRINCIPALS.flatMap((principal) =>
    kafkaRights(principal, PREFIX).map((right) => ({ principal, right })),
  )
  const rows = all.map(({ principal, right }) => [
    `\`${principal}\``,
    `${right.resource} ${nameOf(right)}`,
    right.operations.join(', '),
  ])
  const commands = all.map(({ principal, right }) =>
    commandLine(`event-router-${principal}`, right),
  )
  return [
    markdownTable(['Who', 'What', 'May'], rows),
    ['```sh', HEAD, ...commands, '```'].join('\n'),
  ].join('\n\n')
}
