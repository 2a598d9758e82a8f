import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SignatureHeader, SigningSecret, Verification } from '#ingress/signature.ts'
import { parseSignatureHeader, signatureHeader, signingKey, verify } from '#ingress/signature.ts'

interface Vector {
  readonly name: string
  readonly made_with: 'openssl' | 'python3'
  readonly secret: string
  readonly t: string
  readonly body: {
    readonly encoding: 'text' | 'hex' | 'base64'
    readonly text: string
    readonly times: number
  }
  readonly v1: string
}

const file = new URL('../../vectors/signatures.json', import.meta.url)
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: Vector[] }

const NOW = 1_779_185_662
const DIGEST = 'ab'.repeat(32)

function bodyOf({ body }: Vector): Buffer {
  const part = Buffer.from(body.text, body.encoding === 'text' ? 'utf8' : body.encoding)
  return Buffer.concat(Array.from({ length: body.times }, () => part))
}

function secret(value: string, id = 'one', notAfterMs: number | null = null): SigningSecret {
  return { id, key: signingKey(value), notAfterMs }
}

function parsed(text: string): SignatureHeader {
  const header = parseSignatureHeader(text)
  if (header === null) throw new Error('the header is malformed')
  return header
}

function verified(
  header: string,
  body: Buffer,
  secrets: readonly SigningSecret[],
  now = NOW,
): Verification {
  return verify(parsed(header), body, secrets, now, 300)
}

describe('a signature made by another implementation', () => {
  it('is there at least twenty times, from both tools', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(20)
    expect(new Set(vectors.map((vector) => vector.made_with)).size).toBe(2)
  })

  it.each(vectors)('is verified: $name ($made_with)', (vector) => {
    const body = bodyOf(vector)
    const result = verified(`t=${vector.t},v1=${vector.v1}`, body, [secret(vector.secret)])
    expect(result).toMatchObject({ kind: 'verified', secretId: 'one' })
    expect(result.kind === 'verified' && result.body).toBe(body)
  })

  it.each(vectors)('is what our own sender would write: $name ($made_with)', (vector) => {
    const ours = signatureHeader(vector.secret, bodyOf(vector), Number(vector.t))
    expect(ours).toBe(`t=${vector.t},v1=${vector.v1}`)
  })

  it.each(vectors)('is invalid with any other secret: $name ($made_with)', (vector) => {
    const others = [...new Set(vectors.map((other) => other.secret))]
      .filter((value) => value !== vector.secret)
      .map((value) => secret(value))
    const header = `t=${vector.t},v1=${vector.v1}`
    expect(verified(header, bodyOf(vector), others)).toEqual({ kind: 'invalid' })
  })
})

describe('the signature header', () => {
  it('is a time and one or more digests', () => {
    expect(parseSignatureHeader(`t=1716115200,v1=${DIGEST}`)).toEqual({
      signedAtText: '1716115200',
      signedAtSeconds: 1_716_115_200,
      candidates: [Buffer.from(DIGEST, 'hex')],
    })
  })

  it('may hold its parts in any order, and up to eight v1 during a rotation', () => {
    const v1 = Array.from({ length: 8 }, (_, i) => `v1=${String(i).repeat(64)}`)
    const header = parsed([...v1.slice(0, 3), 't=5', ...v1.slice(3)].join(','))
    expect(header.candidates.map((digest) => digest.toString('hex').charAt(0))).toEqual([
      ...'01234567',
    ])
  })

  it('may hold parts of other schemes, which are ignored', () => {
    const plain = parseSignatureHeader(`t=5,v1=${DIGEST}`)
    for (const other of ['v2=abc', 'v0=00', 'kid=a/b+c==', 'V1=x', 'T=9', 'v11=x', 'a_b=c']) {
      expect(parseSignatureHeader(`${other},t=5,v1=${DIGEST},${other}`), other).toEqual(plain)
    }
  })

  it.each([
    ['empty', ''],
    ['without t', `v1=${DIGEST}`],
    ['without v1', 't=5'],
    ['with v2 alone', `t=5,v2=${DIGEST}`],
    ['with two t', `t=5,t=5,v1=${DIGEST}`],
    ['with nine v1', `t=5${`,v1=${DIGEST}`.repeat(9)}`],
    ['with upper-case hex', `t=5,v1=${DIGEST.toUpperCase()}`],
    ['with a digest that is too short', `t=5,v1=${DIGEST.slice(1)}`],
    ['with a digest that is too long', `t=5,v1=${DIGEST}0`],
    ['with a digest that is no hex', `t=5,v1=${'g'.repeat(64)}`],
    ['with one good and one bad digest', `t=5,v1=${DIGEST},v1=zz`],
    ['with an empty digest', 't=5,v1='],
    ['with a space behind the comma', `t=5, v1=${DIGEST}`],
    ['with a space before it', ` t=5,v1=${DIGEST}`],
    ['with a space behind it', `t=5,v1=${DIGEST} `],
    ['with a tab', `t=5\t,v1=${DIGEST}`],
    ['with an empty part', `t=5,,v1=${DIGEST}`],
    ['with a comma before it', `,t=5,v1=${DIGEST}`],
    ['with a comma behind it', `t=5,v1=${DIGEST},`],
    ['with a part that has no value', `t=5,v1=${DIGEST},v0=`],
    ['with a part that has no name', `t=5,v1=${DIGEST},=x`],
    ['with a part that is no pair', `t=5,v1=${DIGEST},x`],
    ['with semicolons', `t=5;v1=${DIGEST}`],
    ['sent twice and joined by the server', `t=5,v1=${DIGEST}, t=5,v1=${DIGEST}`],
    ['with a negative time', `t=-5,v1=${DIGEST}`],
    ['with a time with a sign', `t=+5,v1=${DIGEST}`],
    ['with a time with a fraction', `t=5.0,v1=${DIGEST}`],
    ['with a time in hex', `t=0x5,v1=${DIGEST}`],
    ['with an exponent', `t=5e3,v1=${DIGEST}`],
    ['with a time that begins with zero', `t=05,v1=${DIGEST}`],
    ['with a time that no clock shows', `t=${'9'.repeat(13)},v1=${DIGEST}`],
    ['with an empty time', `t=,v1=${DIGEST}`],
    ['with digits of another script', `t=\u0665,v1=${DIGEST}`],
    ['with a quoted time', `t="5",v1=${DIGEST}`],
    ['with a zero byte', `t=5,v1=${DIGEST},x=\u0000`],
    ['with a line end behind it', `t=5,v1=${DIGEST}\n`],
    ['of 8 KB', `t=5,v1=${DIGEST},v0=${'x'.repeat(8192)}`],
    ['of 8 KB of commas', ','.repeat(8192)],
    ['with the name of every object', '__proto__=x,constructor=y'],
  ])('is malformed when it is %s', (_what, header) => {
    expect(parseSignatureHeader(header)).toBeNull()
  })

  it('is read in little time, however it is made', () => {
    const before = performance.now()
    for (const part of ['a', '=', 'a=', 'v1=', ',', ' ', 't=1,']) {
      for (let i = 0; i < 200; i += 1) parseSignatureHeader(part.repeat(1024 / part.length))
    }
    expect(performance.now() - before).toBeLessThan(1000)
  })

  it('is read or refused, and never throws, whatever it holds', () => {
    const part = fc.oneof(
      fc.constantFrom('t=5', `v1=${DIGEST}`, 'v0=x', '', 't=', 'v1', ' ', '='),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const header = parseSignatureHeader(parts.join(','))
        if (header === null) return
        expect(header.candidates.length).toBeGreaterThan(0)
        expect(header.candidates.every((digest) => digest.length === 32)).toBe(true)
        expect(String(header.signedAtSeconds)).toBe(header.signedAtText)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a signature', () => {
  const body = Buffer.from('{"id":"evt_1"}')
  const header = signatureHeader('whsec_plain', body, NOW)

  it('fails when any one bit of the body, the secret, the time or the digest is flipped', () => {
    const bodies = fc.uint8Array({ minLength: 1, maxLength: 300 })
    const keys = fc.stringMatching(/^[\x21-\x7e]{1,40}$/)
    fc.assert(
      fc.property(bodies, keys, fc.nat(), fc.nat(7), (bytes, key, place, bit) => {
        const good = signatureHeader(key, bytes, NOW)
        const signed = Buffer.from(bytes)
        expect(verified(good, signed, [secret(key)]).kind).toBe('verified')
        const flipped = (buffer: Buffer) => {
          const at = place % buffer.length
          buffer[at] = (buffer[at] ?? 0) ^ (1 << bit)
          return buffer
        }
        expect(verified(good, flipped(Buffer.from(bytes)), [secret(key)]).kind).toBe('invalid')
        const otherKey = flipped(Buffer.from(key)).toString('latin1')
        expect(verified(good, signed, [secret(otherKey)]).kind).toBe('invalid')
        const { signedAtText, signedAtSeconds, candidates } = parsed(good)
        const digest = flipped(Buffer.from(candidates[0] as Buffer))
        const forged = { signedAtText, signedAtSeconds, candidates: [digest] }
        expect(verify(forged, signed, [secret(key)], NOW, 300).kind).toBe('invalid')
        const late = good.replace(String(NOW), String(NOW + 1 + (place % 100)))
        expect(verified(late, signed, [secret(key)]).kind).toBe('invalid')
      }),
    )
  })

  it('fails when the body is longer or shorter than what was signed', () => {
    for (const other of [
      Buffer.concat([body, Buffer.from('\n')]),
      body.subarray(1),
      Buffer.alloc(0),
    ]) {
      expect(verified(header, other, [secret('whsec_plain')])).toEqual({ kind: 'invalid' })
    }
  })

  it('fails when the full stop is moved between the time and the body', () => {
    const moved = signatureHeader('whsec_plain', Buffer.from('62.{}'), 1_779_185_6)
    const digest = moved.slice(moved.indexOf(',v1='))
    expect(verified(`t=177918562${digest}`, Buffer.from('.{}'), [secret('whsec_plain')])).toEqual({
      kind: 'invalid',
    })
  })

  it('fails when the endpoint has no secret', () => {
    expect(verified(header, body, [])).toEqual({ kind: 'invalid' })
  })

  it('is fresh up to the tolerance, in the past and in the future, and stale behind it', () => {
    const stale = (now: number) => {
      const result = verified(header, body, [secret('whsec_plain')], now)
      return result.kind === 'verified' ? result.stale : null
    }
    for (const away of [0, 1, 299, 300]) {
      expect([stale(NOW + away), stale(NOW - away)], String(away)).toEqual([false, false])
    }
    for (const away of [300.001, 301, 86_400]) {
      expect([stale(NOW + away), stale(NOW - away)], String(away)).toEqual([true, true])
    }
  })

  it('is invalid, not stale, when it is both old and forged', () => {
    expect(verified(header, body, [secret('other')], NOW + 9999)).toEqual({ kind: 'invalid' })
  })

  it('tells which of several secrets matched, the first one when two are the same', () => {
    const secrets = [secret('old', 'a'), secret('whsec_plain', 'b'), secret('whsec_plain', 'c')]
    expect(verified(header, body, secrets)).toMatchObject({ kind: 'verified', secretId: 'b' })
  })

  it('is verified until the end of its secret, and not at that moment any more', () => {
    const secretUntil = (ms: number) => [secret('whsec_plain', 'one', ms)]
    expect(verified(header, body, secretUntil(NOW * 1000 + 1))).toMatchObject({ kind: 'verified' })
    for (const ms of [NOW * 1000, NOW * 1000 - 1, 0]) {
      expect(verified(header, body, secretUntil(ms))).toEqual({ kind: 'expired', secretId: 'one' })
    }
  })

  it('is of the usable secret when an expired one matches as well', () => {
    const secrets = [secret('whsec_plain', 'old', 0), secret('whsec_plain', 'new')]
    expect(verified(header, body, secrets)).toMatchObject({ kind: 'verified', secretId: 'new' })
    expect(verified(header, body, [secret('other', 'old', 0)])).toEqual({ kind: 'invalid' })
  })

  it('may match with any of several v1, as during a rotation at the sender', () => {
    const [t, right] = header.split(',')
    const wrong = `v1=${DIGEST}`
    for (const parts of [
      [right, wrong],
      [wrong, right],
      [wrong, wrong, right, wrong],
    ]) {
      expect(verified([t, ...parts].join(','), body, [secret('whsec_plain')]).kind).toBe('verified')
    }
    expect(verified([t, wrong, wrong].join(','), body, [secret('whsec_plain')]).kind).toBe(
      'invalid',
    )
  })
})
