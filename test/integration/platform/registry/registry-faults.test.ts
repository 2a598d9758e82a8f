import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { RegistryAnswer } from '#platform/registry/registry-answer.ts'
import { registryProblem } from '#platform/registry/registry-answer.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import type { Doorkeeper, DoorRequest } from '../../../fixtures/registry-door.ts'
import { jsonAnswer, openDoor } from '../../../fixtures/registry-door.ts'

/** For registries that answer; the machine may be busy. */
const PATIENT_MS = 5000
/** For those that do not. */
const TIMEOUT_MS = 300
const MEBIBYTE = 1024 * 1024

function schema(...names: readonly string[]): string {
  const fields = names.map((name) => ({ name, type: ['null', 'long'], default: null }))
  return JSON.stringify({ type: 'record', name: 'Probe', namespace: 'test', fields })
}

function subject(): string {
  return `test.${randomUUID()}`
}

async function doorTo(keeper: Doorkeeper, timeoutMs = PATIENT_MS) {
  const door = await openDoor(inject('registryUrl'), keeper)
  return { door, client: new RegistryClient({ url: door.url, timeoutMs }) }
}

/** Everything that a registrar asks, one after another, as far as it comes. */
async function everyCall(client: RegistryClient): Promise<RegistryAnswer<unknown>[]> {
  const name = subject()
  return [
    await client.compatibility(name),
    await client.registeredId(name, schema('a')),
    await client.setCompatibility(name),
    await client.register(name, schema('a')),
    await client.schemaText(1),
    await client.registeredSchemas(name),
    await client.isCompatible(name, schema('a')),
  ]
}

const CALLS = 7

function isWrite({ method, path }: Pick<DoorRequest, 'method' | 'path'>): boolean {
  return method === 'PUT' || (method === 'POST' && /^\/subjects\/[^/]+\/versions$/.test(path))
}

function words(answer: RegistryAnswer<unknown>): string {
  return answer.kind === 'ok' ? 'ok' : registryProblem(answer)
}

describe('a registry that is slow', () => {
  it('is waited for, as long as each answer comes in time', async () => {
    const { client } = await doorTo(async (_, passOn) => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return await passOn()
    })
    expect((await everyCall(client)).map(({ kind }) => kind)).toEqual(Array(CALLS).fill('ok'))
  })
})

describe('a registry that never comes to an end', () => {
  const silence: Doorkeeper = () => null
  const headersOnly: Doorkeeper = (_, __, response) => {
    response.writeHead(200).flushHeaders()
    return null
  }
  const drip: Doorkeeper = (_, __, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 20)
    response.once('close', () => clearInterval(timer))
    return null
  }

  it.each<[string, Doorkeeper]>([
    ['says nothing', silence],
    ['sends headers and no body', headersOnly],
    ['drips', drip],
  ])('is given up in time when it %s, and no connection is left', async (_, keeper) => {
    const { door, client } = await doorTo(keeper, TIMEOUT_MS)
    const begun = performance.now()
    for (const answer of await everyCall(client)) expect(answer.kind).toBe('unreachable')
    expect(performance.now() - begun).toBeLessThan(CALLS * TIMEOUT_MS + 1500)
    await eventually(async () => (await door.connections()) === 0, { withinMs: 2000 })
  })

  it('is cut off when it sends without end, whatever it is asked', async () => {
    let sent = 0
    const chunk = Buffer.alloc(64 * 1024, '7')
    const { door, client } = await doorTo((_, __, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.on('error', () => {})
      const more = () => {
        while (!response.destroyed) {
          sent += chunk.byteLength
          if (!response.write(chunk)) break
        }
      }
      response.on('drain', more)
      more()
      return null
    })
    const answers = await everyCall(client)
    for (const { kind } of answers) expect(['nonsense', 'unreachable']).toContain(kind)
    expect(words(answers[0] ?? { kind: 'ok', value: null })).toContain('an answer that has no end')
    expect(sent).toBeLessThan(CALLS * 64 * MEBIBYTE)
    await eventually(async () => (await door.connections()) === 0, { withinMs: 2000 })
  })
})

describe('a registry in trouble', () => {
  it.each([500, 502, 503, 429])('is unreachable when it answers %i', async (status) => {
    const { client } = await doorTo(() => jsonAnswer(status, { error_code: 50001, message: 'x' }))
    for (const answer of await everyCall(client)) {
      expect(answer).toEqual({ kind: 'unreachable', reason: `HTTP ${status}` })
    }
  })

  it('is unreachable when it hangs up', async () => {
    const { client } = await doorTo((_, __, response) => {
      response.destroy()
      return null
    })
    for (const answer of await everyCall(client)) expect(answer.kind).toBe('unreachable')
  })
})

describe('a registry that only lets us read', () => {
  it.each([
    [403, { error_code: 40301, message: 'User is denied operation Write' }],
    [403, {}],
    [422, { error_code: 42205, message: 'Subject is in read-only mode' }],
  ])('refuses to write with %i, and that is said', async (status, body) => {
    const { client } = await doorTo(async (request, passOn) =>
      isWrite(request) ? jsonAnswer(status, body) : await passOn(),
    )
    const [level, id, set, registered, ...others] = await everyCall(client)
    for (const answer of [level, id, ...others]) expect(answer?.kind).toBe('ok')
    for (const answer of [set, registered]) {
      expect(words(answer ?? { kind: 'ok', value: null })).toMatch(/does not let us write.*HTTP 4/)
    }
  })
})

describe('what says that it is a registry, and is not', () => {
  it.each([
    ['a page', '<html>Sign in</html>'],
    ['a list of lists', '[[1]]'],
    ['nothing', ''],
    ['half of an answer', '{"id": 1, "schema": "{'],
  ])('is not believed: %s', async (_, body) => {
    const { client } = await doorTo(() => ({ status: 200, body }))
    const answers = await everyCall(client)
    for (const answer of answers) expect([answer.kind, body]).toEqual(['nonsense', body])
    expect(words(answers[0] ?? { kind: 'ok', value: null })).toContain('SCHEMA_REGISTRY_URL')
  })

  it('is not followed elsewhere, where the credentials have no business', async () => {
    const { door: elsewhere } = await doorTo(() => jsonAnswer(200, {}))
    const { client } = await doorTo(() => ({
      ...jsonAnswer(301, {}),
      headers: { location: elsewhere.url },
    }))
    for (const answer of await everyCall(client)) {
      expect(answer).toMatchObject({ kind: 'refused', status: 301 })
      expect(words(answer)).toContain('set SCHEMA_REGISTRY_URL to its final address')
    }
    expect(elsewhere.requests).toEqual([])
  })
})

describe('a registry that lies', () => {
  it.each(['"7"', '-1', '0', '1.5', '1099511627776', 'null', 'true', '{}', '[3]'])(
    'is not believed an id that is none: %s',
    async (id) => {
      const { client } = await doorTo(async ({ method }, passOn) =>
        method === 'POST' ? { status: 200, body: `{"id":${id}}` } : await passOn(),
      )
      const name = subject()
      await client.setCompatibility(name)
      expect(await client.registeredId(name, schema('a'))).toMatchObject({ kind: 'nonsense' })
      expect(await client.register(name, schema('a'))).toMatchObject({ kind: 'nonsense' })
    },
  )

  it.each([
    ['versions that are none', /^\/subjects\/.*versions$/, ['../../config']],
    ['a version without a schema', /versions\/1$/, { id: 1 }],
    ['neither yes nor no', /^\/compatibility\//, { is_compatible: 'yes' }],
  ])('is not believed %s', async (_, where, lie) => {
    const { client } = await doorTo(async ({ method, path }, passOn) =>
      where.test(path) && !isWrite({ method, path }) ? jsonAnswer(200, lie) : await passOn(),
    )
    const name = subject()
    await client.setCompatibility(name)
    await client.register(name, schema('a'))
    const answers = [
      await client.registeredSchemas(name),
      await client.isCompatible(name, schema('a')),
    ]
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['nonsense', 'ok'])
  })

  it('is not believed the id of another schema', async () => {
    const direct = new RegistryClient({ url: inject('registryUrl') })
    const other = subject()
    await direct.setCompatibility(other)
    const foreign = await direct.register(other, schema('quite', 'different'))
    if (foreign.kind !== 'ok') throw new Error('not registered')
    const { client } = await doorTo(async ({ method }, passOn) =>
      method === 'POST' ? jsonAnswer(200, { id: foreign.value }) : await passOn(),
    )
    const name = subject()
    await client.setCompatibility(name)
    const lie = { kind: 'nonsense', reason: `id ${foreign.value}, which is another schema` }
    expect(await client.registeredId(name, schema('a'))).toEqual(lie)
    expect(await client.register(name, schema('a'))).toEqual(lie)
  })

  it('is not believed when the schema that it keeps is not the one registered', async () => {
    const { client } = await doorTo(async ({ path }, passOn) =>
      path.startsWith('/schemas/ids/')
        ? jsonAnswer(200, { schema: schema('b', 'a') })
        : await passOn(),
    )
    const name = subject()
    await client.setCompatibility(name)
    expect(await client.register(name, schema('a', 'b'))).toMatchObject({ kind: 'nonsense' })
  })

  it.each([
    ['GET', 400],
    ['GET', 404],
    ['POST', 409],
    ['POST', 500],
  ])('refuses a %s with %i and null for a reason, and every call ends', async (method, status) => {
    const rejections: unknown[] = []
    const onRejection = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', onRejection)
    onTestFinished(() => void process.off('unhandledRejection', onRejection))
    const { client } = await doorTo(async (request, passOn) =>
      request.method === method ? { status, body: 'null' } : await passOn(),
    )
    const name = subject()
    await client.setCompatibility(name)
    const begun = performance.now()
    const answer = await client.register(name, schema('a'))
    expect(answer.kind).not.toBe('ok')
    expect(words(answer)).toMatch(new RegExp(`HTTP ${status}`))
    expect(performance.now() - begun).toBeLessThan(PATIENT_MS)
    expect(rejections).toEqual([])
  })

  it('is asked again when it does not yet know the id that it has just given', async () => {
    let asked = 0
    const { client } = await doorTo(async ({ path }, passOn) => {
      if (!path.startsWith('/schemas/ids/')) return await passOn()
      asked += 1
      return asked === 1 ? jsonAnswer(404, { error_code: 40403, message: 'no' }) : await passOn()
    })
    const name = subject()
    await client.setCompatibility(name)
    expect(await client.register(name, schema('a'))).toMatchObject({ kind: 'unreachable' })
    expect(await client.registeredId(name, schema('a'))).toMatchObject({ kind: 'ok' })
  })

  it('is taken at its word when it writes the same schema in another way', async () => {
    const { client } = await doorTo(async ({ path }, passOn) => {
      const answer = await passOn()
      if (!path.startsWith('/schemas/ids/')) return answer
      const { fields } = JSON.parse(JSON.parse(answer.body).schema)
      const rewritten = { doc: 'kept', fields, name: 'test.Probe', type: 'record' }
      return jsonAnswer(200, { schema: JSON.stringify(rewritten, null, 2) })
    })
    const name = subject()
    await client.setCompatibility(name)
    expect(await client.register(name, schema('a'))).toMatchObject({ kind: 'ok' })
  })

  it('cannot speak to a terminal', async () => {
    const message = '\u001b[2J\u0007no'
    const { client } = await doorTo(() => jsonAnswer(409, { error_code: 409, message }))
    for (const answer of await everyCall(client)) expect(words(answer)).toMatch(/ ?\[2J no\)$/)
  })
})
