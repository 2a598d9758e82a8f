import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writtenDocuments } from './written-documents.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

for (const { file, content } of await writtenDocuments(ROOT)) {
  const path = join(ROOT, file)
  const found = await readFile(path, 'utf8').catch(() => null)
  if (found !== content) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  process.stdout.write(`${file} ${found === content ? 'is as the code has it' : 'written'}\n`)
}
