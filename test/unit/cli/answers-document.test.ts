import { describe, expect, it } from 'vitest'
import { answersDocument } from '#cli/answers-document.ts'
import { ERRORS } from '#core/errors.ts'

const rows = answersDocument()
  .split('\n')
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))

describe('the document of the answers', () => {
  it('has one row for each code of the catalogue', () => {
    const codes = rows.map(([, , code]) => code?.replaceAll('`', ''))
    expect(codes.sort()).toEqual(Object.keys(ERRORS).sort())
  })

  it('goes from the lowest status to the highest', () => {
    const statuses = rows.map(([, status]) => Number(status))
    expect(statuses).toEqual(statuses.toSorted((a, b) => a - b))
  })

  /** The contract, section 3: what the sender does after a status. */
  const SENT_AGAIN: Readonly<Record<string, string>> = {
    '400': 'no',
    '403': 'no',
    '404': 'no',
    '405': 'no',
    '408': 'yes',
    '410': 'no',
    '413': 'no',
    '425': 'yes',
    '429': 'yes',
    '431': 'no',
    '500': 'yes',
    '501': 'yes',
    '503': 'yes',
  }

  it.each(rows.map(([, status = '', code = '', , again]) => [code, status, again]))(
    '%s (%s) says truly whether the sender tries again',
    (_code, status, again) => {
      expect(again).toBe(SENT_AGAIN[status ?? ''])
    },
  )
})
