import { expect, test } from 'vitest'
import { processStart, startOfStat } from '#local/parts/process-start.ts'

const after = (state: string) => `${state} ${Array.from({ length: 18 }, () => 0).join(' ')} 4711 9`

test('the start is read past a command name with spaces and brackets', () => {
  expect(startOfStat(`12 (a) b) ${after('S')}`)).toBe('4711')
})

test('a zombie has ended', () => {
  expect(startOfStat(`12 (java) ${after('Z')}`)).toBeNull()
})

test('this process began, and always at the same time', () => {
  expect(processStart(process.pid)).not.toBeNull()
  expect(processStart(process.pid)).toBe(processStart(process.pid))
})
