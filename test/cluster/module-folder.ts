import { go, goOptions } from '../fixtures/go-programs.ts'

/**
 * The folder of a published Go module, `path@version`.
 * @throws CannotBeHad when there is no Go, or no such module to be had
 */
export async function moduleFolder(module: string): Promise<string> {
  const report = (line: string) => void process.stderr.write(`${line}\n`)
  const text = await go(module, ['mod', 'download', '-json', module], goOptions(), report)
  return (JSON.parse(text.slice(text.indexOf('{'))) as { readonly Dir: string }).Dir
}
