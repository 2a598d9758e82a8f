import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const ROOT = new URL('../../', import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, ROOT), 'utf8')
const { version } = JSON.parse(textOf('package.json')) as { version: string }

describe('the version of a release', () => {
  it('is that of the package and its lock', () => {
    const lock = JSON.parse(textOf('package-lock.json'))
    expect([lock.version, lock.packages[''].version]).toEqual([version, version])
  })

  it('is that of every image that compose builds', () => {
    const { services } = parse(textOf('docker-compose.yml'), { merge: true }) as {
      services: Record<string, { image: string; build?: { target: string } }>
    }
    const ours = Object.values(services).filter(({ build }) => build !== undefined)
    expect(ours.length).toBeGreaterThan(7)
    for (const { image, build } of ours) {
      expect(image).toBe(`event-router/${build?.target}:${version}`)
    }
  })
})
