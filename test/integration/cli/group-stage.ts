import { expect, inject } from 'vitest'
import type { GroupStatus } from '#cli/group-status.ts'
import { runCommand } from '#cli/program.ts'
import { cardConsumer } from '#consumers/card/projection.ts'
import { partitionOf } from '#core/murmur2.ts'
import { EVENT_PARTITIONS } from '#core/routing.ts'
import type { CliRun } from '../../fixtures/cli.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from '../consumers/stage.ts'
import { Stage } from '../consumers/stage.ts'

const soon = { withinMs: 30_000 }

/** Another tenant of the same partition. */
function neighbourOf(tenant: string): string {
  const placeOf = (name: string) => partitionOf(Buffer.from(name), EVENT_PARTITIONS)
  for (let n = 0; ; n += 1) {
    const name = `${tenant}${n}`
    if (placeOf(name) === placeOf(tenant)) return name
  }
}

export function cardEvent(n: number, tenant: string, type = 'card.activated'): Body {
  return {
    id: `evt_${String(n).padStart(4, '0')}`,
    type,
    created: new Date(Date.parse('2026-05-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: tenant,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: `card_${n}`, status: 'active' } },
    previous_attributes: null,
  }
}

/** Consumers of cards, and the verbs of whoever looks after them. */
export class GroupStage {
  readonly stage: Stage
  readonly neighbour: string

  private constructor(stage: Stage) {
    this.stage = stage
    this.neighbour = neighbourOf(stage.tenant)
  }

  static async set(): Promise<GroupStage> {
    return new GroupStage(await Stage.set(cardConsumer))
  }

  get environment() {
    return {
      KAFKA_BROKERS: inject('kafkaBrokers'),
      DATABASE_URL: inject('databaseUrl'),
      TOPIC_PREFIX: this.stage.prefix,
    }
  }

  async cli(
    args: readonly string[],
    changes: Readonly<Record<string, string>> = {},
  ): Promise<CliRun> {
    return await runCli(['consumers', ...args], {
      environment: { ...this.environment, ...changes },
    })
  }

  /** A command in this process: quicker, and it can be interrupted at a moment of our choice. */
  async runHere(args: readonly string[], stopped: AbortSignal): Promise<readonly string[]> {
    const lines: string[] = []
    await runCommand(['consumers', ...args], {
      environment: this.environment,
      line: (text) => void lines.push(text),
      note: () => {},
      stopped,
    })
    return lines
  }

  /** Writes events as the ingress does, with their type in a header, at a time of their own. */
  async write(bodies: readonly Body[], writtenMs = Date.now()): Promise<void> {
    const messages = await Promise.all(
      bodies.map(async (body) => ({
        key: String(body.tenant_id),
        value: await this.stage.encode(body),
        headers: { ce_id: String(body.id), ce_type: String(body.type) },
        timestamp: String(writtenMs),
      })),
    )
    await this.stage.producer.send({ topic: this.stage.topic(), messages, acks: -1 })
  }

  async untilHandled(count: number): Promise<void> {
    await eventually(async () => (await this.stage.outcomes()).length >= count, soon)
  }

  async statusOf(domain = 'card', mode = 'sandbox'): Promise<GroupStatus> {
    const lines = await this.runHere(['status', '--json'], new AbortController().signal)
    const all = lines.map((line) => JSON.parse(line) as GroupStatus)
    expect(all).toHaveLength(10)
    const found = all.find((status) => status.domain === domain && status.mode === mode)
    if (found === undefined) throw new Error(lines.join('\n'))
    return found
  }
}
