import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { HANDLED_DOMAINS } from '#core/routing.ts'
import { ComposeStack, whyNoCompose } from '../fixtures/compose-stack.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { promiseEvents } from './event-promises.ts'
import type { StackStart } from './event-trial.ts'

const SERVICES = ['ingress', ...HANDLED_DOMAINS.map((domain) => `consumer-${domain}`)]
const missing = await whyNoCompose()

/** The ingress has read the endpoints once it asks for a signature at a path of one of them. */
async function untilKnown(ingress: string, id: string): Promise<void> {
  const asked = () => fetch(`${ingress}/v1/hooks/${id}`, { method: 'POST', body: '{}' })
  await eventually(async () => (await asked()).status === 400, { withinMs: 30_000 })
}

/** As a person would: `up`, then the endpoints by the operator\u2019s door. */
const start: StackStart = async (endpoints) => {
  const folder = await temporaryFolder('compose')
  // The command line reads them as user 1000.
  await chmod(folder.path, 0o755)
  await writeFile(join(folder.path, 'endpoints.json'), JSON.stringify(endpoints), { mode: 0o644 })
  const stack = await ComposeStack.start(folder)
  await stack.cli(['endpoints', 'import', '--from', '/given/endpoints.json'], folder.path)
  await untilKnown(stack.addresses.ingress, 'whk_sandbox')
  return {
    run: stack.addresses,
    cli: async (...args) => ({ stdout: await stack.cli(args) }),
    logs: () => stack.logs(...SERVICES),
    stop: () => stack.remove(),
  }
}

describe.skipIf(missing !== null)('the system as docker compose brings it', () => {
  promiseEvents(start)
})

it('is brought by docker compose', ({ skip }) => {
  skip(missing !== null, missing ?? '')
})
