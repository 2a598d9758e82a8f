import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExampleSource } from './readme.ts'

const FILES = [
  ['python', 'test/interop/python/stock_reader.py'],
  ['go', 'test/interop/go/main.go'],
] as const

/** The programs in other languages whose reading the README shows, from the repository's root. */
export async function readExamples(root: string): Promise<readonly ExampleSource[]> {
  const read = FILES.map(async ([language, file]) => ({
    language,
    source: await readFile(join(root, file), 'utf8'),
  }))
  return await Promise.all(read)
}
