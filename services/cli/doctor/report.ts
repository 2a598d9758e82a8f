import { printable } from '../printable.ts'
import type { Finding } from './finding.ts'

const GRADE_WIDTH = 'warning'.length
const CHECK_WIDTH = 'dead letters'.length

/** One finding as a line. */
export function findingLine({ check, grade, words, remedy }: Finding): string {
  const head = `${grade.padEnd(GRADE_WIDTH)}  ${check.padEnd(CHECK_WIDTH)}  `
  return printable(`${head}${words}${remedy === null ? '' : `; ${remedy}`}`)
}

/** One finding as a JSON object. */
export function findingJson({ check, grade, words, remedy, figures }: Finding): string {
  return JSON.stringify({ check, grade, finding: words, remedy, ...figures })
}
