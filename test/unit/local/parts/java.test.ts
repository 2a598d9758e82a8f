import { expect, test } from 'vitest'
import { javaFeatureVersion } from '#local/parts/java.ts'

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_402"', 8],
  ['openjdk version "21" 2023-09-19', 21],
  ['openjdk version "25-ea" 2025-09-16', 25],
  ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "11.0.2" 2019-01-15', 11],
  ['no Java here', null],
])('reads the feature release out of %j', (printed, version) => {
  expect(javaFeatureVersion(printed)).toBe(version)
})
