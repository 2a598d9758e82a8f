import { expect, it } from 'vitest'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { newDemoEndpoints } from '#local/demo-endpoints.ts'
import { plannedSamples } from '#local/sample-run.ts'

const { endpoints: documents } = newDemoEndpoints(Date.now)

function endpointsOf(list: readonly unknown[]) {
  const parsed = parseEndpoints([{ endpoints: list }])
  if (!parsed.ok) throw new Error(parsed.problems.join())
  return [...parsed.endpoints.values()]
}

it('has every event type in every version once, dealt out to all tenants', async () => {
  const plan = await plannedSamples(endpointsOf(documents))
  expect(plan).toHaveLength(78)
  expect(new Set(plan.map(({ type, version }) => `${version} ${type}`)).size).toBe(78)
  for (const { id } of documents) {
    expect(plan.filter(({ endpoint }) => endpoint.id === id)).toHaveLength(26)
  }
})

it('leaves out endpoints that are switched off', async () => {
  const [first, ...others] = documents
  const plan = await plannedSamples(endpointsOf([{ ...first, enabled: false }, ...others]))
  expect(plan).toHaveLength(78)
  expect(plan.some(({ endpoint }) => endpoint.id === first?.id)).toBe(false)
})

it('is empty when nobody could receive anything', async () => {
  expect(await plannedSamples([])).toEqual([])
})
