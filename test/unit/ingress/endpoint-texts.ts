import { stat, writeFile } from 'node:fs/promises'
import type { EndpointStore } from '#ingress/endpoint-store.ts'
import { eventually } from '../../fixtures/eventually.ts'

export const SECRET = 'whsec_topsecret'
export const PATIENCE = { withinMs: 20_000, everyMs: 5 }
export function setOf(...names: readonly string[]): string {
  const endpoints = names.map((name) => ({
    id: `whk_${name}`,
    tenant_id: `tnt_${name}`,
    live_mode: false,
    secrets: [{ id: 's1', value: SECRET }],
  }))
  return JSON.stringify({ endpoints })
}

/** The parts of a YAML file: its head, then one for each endpoint. */
export function yamlOf(...names: readonly string[]): string[] {
  const items = names.map(
    (name) => `  - id: whk_${name}
    tenant_id: tnt_${name}
    live_mode: true
    secrets: [{ id: s1, value: ${SECRET} }]
`,
  )
  return ['endpoints:\n', ...items]
}

export function namesIn(files: EndpointStore): string[] | null {
  const current = files.current()
  return current === null ? null : [...current.keys()].map((id) => id.replace('whk_', '')).sort()
}

export async function becomes(files: EndpointStore, ...names: readonly string[]): Promise<void> {
  await eventually(() => JSON.stringify(namesIn(files)) === JSON.stringify(names), PATIENCE)
}

/** Writes a file in a later tick of the kernel's clock than that of another one. */
export async function writtenLater(path: string, text: string, than: string): Promise<void> {
  const { ctimeMs } = await stat(than)
  await eventually(async () => {
    await writeFile(path, text)
    return (await stat(path)).ctimeMs > ctimeMs
  }, PATIENCE)
}
