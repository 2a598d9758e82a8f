import { describe, expect, it } from 'vitest'
import { launchOptions, UsageFault } from '#local/program.ts'

describe('the command line of npm start', () => {
  it('keeps the data and sends samples unless told otherwise', () => {
    expect(launchOptions([])).toEqual({ fresh: false, sample: true })
    expect(launchOptions(['--fresh', '--no-sample'])).toEqual({ fresh: true, sample: false })
  })

  it.each([
    [['--frsh'], /unknown option '--frsh'.*Did you mean --fresh.*npm start -- --help/],
    [['now'], /too many arguments.*npm start -- --help/],
  ])('answers wrong use %j with one line that helps', (args, message) => {
    const launch = () => launchOptions(args)
    expect(launch).toThrow(UsageFault)
    expect(launch).toThrow(message)
    expect(launch).not.toThrow(/\n/)
  })
})
