import { readFile, writeFile } from 'node:fs/promises'
import { documented } from './readme.ts'

const README = new URL('../../README.md', import.meta.url)

const found = await readFile(README, 'utf8')
const current = documented(found)
if (current !== found) await writeFile(README, current)
process.stdout.write(`README.md ${current === found ? 'is as the code has it' : 'written'}\n`)
