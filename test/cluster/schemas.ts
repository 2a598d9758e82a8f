import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { customSchemas } from './custom-schemas.ts'
import { KUBERNETES_MODULE } from './hyperkube.ts'
import type { OpenApi } from './kind-schemas.ts'
import { kindSchemas } from './kind-schemas.ts'
import { moduleFolder } from './module-folder.ts'
import { SCHEMAS_FOLDER } from './work-folder.ts'

// Writes test/fixtures/kubernetes-schemas anew: `node test/cluster/schemas.ts`.

const DESCRIPTION = 'api/openapi-spec/swagger.json'

const folder = await moduleFolder(KUBERNETES_MODULE)
const openApi = JSON.parse(await readFile(join(folder, DESCRIPTION), 'utf8')) as OpenApi
const kinds = [...kindSchemas(openApi)].map(([file, text]) => {
  return { file, text, source: `\`${KUBERNETES_MODULE.replace('@', '` ')}, \`${DESCRIPTION}\`` }
})
const all = [...kinds, ...(await customSchemas())].sort((a, b) => (a.file < b.file ? -1 : 1))
await rm(SCHEMAS_FOLDER, { recursive: true, force: true })
await mkdir(SCHEMAS_FOLDER, { recursive: true })
for (const { file, text } of all) await writeFile(join(SCHEMAS_FOLDER, file), text)
const rows = all.map(({ file, source }) => `- \`${file}\`: ${source}`)
await writeFile(
  join(SCHEMAS_FOLDER, 'README.md'),
  `# Schemas of Kubernetes objects

Written by \`node test/cluster/schemas.ts\`; strict, without descriptions. \`npm run test:cluster\` compares those of Kubernetes' own kinds with
what a running API server says. Each file is made of a published Go module, under the Apache License 2.0:

${rows.join('\n')}
`,
)
process.stdout.write(`${all.length} schemas\n`)
