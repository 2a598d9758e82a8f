import type { Pair, YAMLMap } from 'yaml'
import { isMap, isScalar, parseDocument } from 'yaml'

/** A value of the chart as its file explains it. */
export interface ChartValue {
  /** With dots, as in `--set`. */
  readonly path: string
  /** What it is for, in sentences. */
  readonly about: string
  /** Null for a value that only holds others. */
  readonly example: string | null
  readonly fallback: unknown
}

const EXAMPLE = /^Example: /

/** The paragraph right above a key: what a blank line parts from it is about something else. */
function wordsAbove(comment: string): readonly string[] {
  const paragraphs = comment.split(/\n\s*\n/)
  return (paragraphs.at(-1) ?? '').split('\n').map((line) => line.trim())
}

/** Comments of a map's keys: the first one's is the parser's comment of the map itself. */
function commentOf(pair: Pair, map: YAMLMap, isFirst: boolean): string {
  const own = isScalar(pair.key) ? pair.key.commentBefore : null
  return own ?? (isFirst ? map.commentBefore : null) ?? ''
}

function explained(pair: Pair, path: string, comment: string): ChartValue {
  const words = wordsAbove(comment)
  const example = words.find((line) => EXAMPLE.test(line))
  return {
    path,
    about: words.filter((line) => !EXAMPLE.test(line)).join(' '),
    example: example === undefined ? null : example.replace(EXAMPLE, ''),
    fallback: (pair.value as { toJSON?: () => unknown } | null)?.toJSON?.() ?? null,
  }
}

function valuesOf(map: YAMLMap, above: string): readonly ChartValue[] {
  return map.items.flatMap((pair, i) => {
    const path = `${above}${String(pair.key)}`
    const value = explained(pair, path, commentOf(pair, map, i === 0))
    const holdsOthers = value.example === null && isMap(pair.value)
    return holdsOthers ? [value, ...valuesOf(pair.value as YAMLMap, `${path}.`)] : [value]
  })
}

/**
 * The values of a chart in the order of their file. What has an example is a value of its own, with
 * all that is below it; what has none holds others.
 *
 * @param text values.yaml, with a comment above each key: sentences, and a last line `Example: …`
 */
export function chartValues(text: string): readonly ChartValue[] {
  const { contents, errors } = parseDocument(text)
  const [error] = errors
  if (error !== undefined) throw error
  return isMap(contents) ? valuesOf(contents as YAMLMap, '') : []
}
