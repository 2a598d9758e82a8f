import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { customSchemas } from './custom-schemas.ts'
import { KUBERNETES_VERSION } from './hyperkube.ts'
import type { OpenApi } from './kind-schemas.ts'
import { kindSchemas } from './kind-schemas.ts'
import { kubeApi } from './kube-api.ts'
import { SCHEMAS_FOLDER, WORK } from './work-folder.ts'

// Writes test/fixtures/kubernetes-schemas anew, inside a cluster that is up. Its API server says more
// than the description in Kubernetes' repository does: which values a field may have.
//
//   npm run test:cluster -- in node test/cluster/schemas.ts

const openApi = (await kubeApi(WORK.keys).get('/openapi/v2')) as OpenApi
const source = `an API server of Kubernetes ${KUBERNETES_VERSION}, \`/openapi/v2\``
const kinds = [...kindSchemas(openApi)].map(([file, text]) => ({ file, text, source }))
const all = [...kinds, ...(await customSchemas())].sort((a, b) => (a.file < b.file ? -1 : 1))
await rm(SCHEMAS_FOLDER, { recursive: true, force: true })
await mkdir(SCHEMAS_FOLDER, { recursive: true })
for (const { file, text } of all) await writeFile(join(SCHEMAS_FOLDER, file), text)
const rows = all.map((each) => `- \`${each.file}\`: ${each.source}`)
const text = `# Schemas of Kubernetes objects

Written by \`test/cluster/schemas.ts\`; strict, without descriptions. \`npm run test:cluster\` compares those of Kubernetes' own kinds with what
its API server says. All are made of what is published under the Apache License 2.0:

${rows.join('\n')}
`
await writeFile(join(SCHEMAS_FOLDER, 'README.md'), text)
process.stdout.write(`${all.length} schemas\n`)
process.exit()
