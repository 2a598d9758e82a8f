import { userInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { actorName } from '#cli/operator.ts'

describe('who acts', () => {
  it('is who was named', () => {
    expect(actorName(' ada ')).toBe('ada')
  })

  it('is the user of the system when nobody was named', () => {
    expect([actorName(undefined), actorName(' ')]).toEqual([
      userInfo().username,
      userInfo().username,
    ])
  })
})
