import { describe, expect, it } from 'vitest'
import { runCli } from '../../fixtures/cli.ts'

describe('the command line', () => {
  it('prints wrong use as one line on standard error and exits non-zero', async () => {
    const { code, out, err } = await runCli(['frobnicate'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^unknown verb frobnicate[^\n]*\n$/)
  })

  it('explains itself with examples', async () => {
    const { code, out, err } = await runCli(['send', '--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/Examples:\n.*npm run cli -- send --type/)
  })

  it('finds nothing wrong with the schemas of this repository', async () => {
    const { code, out } = await runCli(['schemas', 'check', '--offline'])
    expect(code).toBe(0)
    expect(out).toContain('3 versions without findings')
  })
})
