import { answersDocument } from './answers-document.ts'
import { settingsDocument } from './settings-document.ts'

/**
 * The text with what lies between `<!-- name:begin -->` and `<!-- name:end -->` replaced.
 *
 * @throws RangeError unless both marks are there, once each, in that order.
 */
export function withRegion(text: string, name: string, content: string): string {
  const [before, rest, ...more] = text.split(`<!-- ${name}:begin -->`)
  const [old, after, ...others] = rest?.split(`<!-- ${name}:end -->`) ?? []
  const isWhole = old !== undefined && after !== undefined
  if (!isWhole || more.length > 0 || others.length > 0) {
    throw new RangeError(`the text needs one region from ${name}:begin to ${name}:end`)
  }
  return `${before}<!-- ${name}:begin -->\n\n${content}\n\n<!-- ${name}:end -->${after}`
}

/** A program that the tests run, of which the README shows a part. */
export interface ExampleSource {
  /** The region's name and the language of its code block. */
  readonly language: string
  readonly source: string
}

/**
 * What stands between the lines `README: begin` and `README: end` of a program, as a code block.
 *
 * @throws RangeError unless both lines are there, once each, in that order.
 */
export function exampleDocument({ language, source }: ExampleSource): string {
  const [, rest, ...more] = source.split(/^.*README: begin\n/m)
  const [shown, end, ...others] = rest?.split(/^.*README: end$/m) ?? []
  if (shown === undefined || end === undefined || more.length > 0 || others.length > 0) {
    throw new RangeError(`the ${language} example needs one README: begin and one README: end`)
  }
  return `\`\`\`${language}\n${shown.trim().replaceAll('\t', '    ')}\n\`\`\``
}

/** The README with tables and examples as the code has them now; the words around them stay. */
export function documented(readme: string, examples: readonly ExampleSource[]): string {
  const settings = withRegion(readme, 'settings', settingsDocument())
  const tables = withRegion(settings, 'answers', answersDocument())
  return examples.reduce(
    (text, example) => withRegion(text, example.language, exampleDocument(example)),
    tables,
  )
}
