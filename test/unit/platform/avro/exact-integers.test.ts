import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactData } from '#platform/avro/exact-integers.ts'

const data = (text: string) => exactData(Buffer.from(`{"data":${text}}`))

describe('the second reading of a body', () => {
  it('keeps every int64 whose digits a double would lose', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const { n } = data(`{"n":${value}}`) ?? {}
        expect(BigInt(n as number)).toBe(value)
        expect(typeof n).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint')
      }),
    )
  })

  it('leaves everything else as JSON.parse reads it', () => {
    const safe = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => !/\d{16}/.test(JSON.stringify(value)))
    fc.assert(
      fc.property(safe, (value) => {
        const text = JSON.stringify(value)
        expect(data(`{"v":${text}}`)).toEqual({ v: JSON.parse(text) })
      }),
    )
  })

  it('leaves fractions, exponents and numbers beyond int64 as doubles', () => {
    expect(data('{"a":1.5,"b":1e300,"c":9007199254740993.0}')).toEqual({
      a: 1.5,
      b: 1e300,
      c: 9007199254740992,
    })
    expect(data(`{"n":${'9'.repeat(5000)}}`)).toEqual({ n: Number.POSITIVE_INFINITY })
  })

  it.each(['', '{', 'null', '[]', '{}', '{"data":null}', '{"data":[]}', '{"data":7}', '"data"'])(
    'is null for %j, which holds no resources',
    (text) => {
      expect(exactData(Buffer.from(text))).toBeNull()
    },
  )

  it('is null for a body that is too deep for the engine, instead of an exception', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(() => data(`{"n":${deep}}`)).not.toThrow()
  })

  it('reads bytes wherever they lie in memory', () => {
    const body = new TextEncoder().encode('xx{"data":{"n":9007199254740993}}').subarray(2)
    expect(exactData(body)).toEqual({ n: 9007199254740993n })
  })
})
