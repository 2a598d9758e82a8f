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

/** The README with its tables as the code has them now; the words around them stay. */
export function documented(readme: string): string {
  const settings = withRegion(readme, 'settings', settingsDocument())
  return withRegion(settings, 'answers', answersDocument())
}
