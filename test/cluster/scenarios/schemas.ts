import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { OpenApi } from '../kind-schemas.ts'
import { kindSchemas } from '../kind-schemas.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { SCHEMAS_FOLDER } from '../work-folder.ts'

async function sameSchemas(site: Site): Promise<Findings> {
  const said = kindSchemas((await site.api.get('/openapi/v2')) as OpenApi)
  const differing: string[] = []
  for (const [file, text] of said) {
    const ours = await readFile(join(SCHEMAS_FOLDER, file), 'utf8').catch(() => 'null')
    if (!isDeepStrictEqual(JSON.parse(ours), JSON.parse(text))) differing.push(file)
  }
  claim(said.size > 0, 'the API server describes no kind that the chart renders')
  claim(differing.length === 0, `other than the API server says: ${differing.join(', ')}`)
  return { kinds: said.size }
}

export async function schemas(proceedings: Proceedings, site: Site): Promise<void> {
  await proceedings.step(
    'the schemas that the chart is checked against without a cluster are those of the API server',
    () => sameSchemas(site),
  )
}
