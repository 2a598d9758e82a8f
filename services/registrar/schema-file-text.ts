import type { Json } from './lint-finding.ts'

/** A schema as a person likes to read and change it: short unions in one line. */
export function schemaFileText(schema: Json): string {
  const text = JSON.stringify(schema, null, 2)
  return `${text.replaceAll(/\[\s+"null",\s+"(\w+)"\s+\]/g, '["null", "$1"]')}\n`
}
