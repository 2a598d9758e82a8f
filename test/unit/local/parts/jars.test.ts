import { expect, test } from 'vitest'
import { mavenFault } from '#local/parts/jars.ts'

test("Maven's first error becomes one sentence that says what to check", () => {
  const output = [
    '\u001b[1;31m[ERROR] Could not transfer artifact a:b:jar:1: Unknown host -> [Help 1]',
    '[ERROR] ',
    '[ERROR] Re-run Maven using the -X switch',
  ].join('\n')
  expect(mavenFault(output)).toBe(
    "Maven could not resolve the jars: Could not transfer artifact a:b:jar:1: Unknown host. Check the network and Maven's settings.xml, then start again.",
  )
})
