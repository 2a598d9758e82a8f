import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, ROOT), 'utf8')

interface LockedPackage {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
}

const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
  textOf('package.json'),
) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>
const { packages } = JSON.parse(textOf('package-lock.json')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>
}
const locked = Object.entries(packages).filter(([path]) => path !== '')

describe('what others wrote and we run', () => {
  it('is named by exact version', () => {
    const named = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
    const installed = named.map(([name]) => [name, packages[`node_modules/${name}`]?.version])
    expect(installed).toEqual(named)
  })

  it('is known by the hash of its package, wherever it is fetched from', () => {
    expect(locked.length).toBeGreaterThan(100)
    expect(locked.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))).toEqual([])
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  })

  it('goes into images without its own scripts being run, on bases of one version', () => {
    const dockerfile = textOf('Dockerfile')
    const installs = dockerfile.match(/npm ci.*/g) ?? []
    expect(installs.length).toBeGreaterThan(0)
    for (const line of installs) expect(line).toContain('--ignore-scripts')
    const bases = [...dockerfile.matchAll(/^ARG \w+_IMAGE=(.*)$/gm)].map(([, image]) => image)
    expect(bases.length).toBeGreaterThan(1)
    for (const image of bases) expect(image).toMatch(/^node:\d+\.\d+\.\d+-[\w-]+$/)
  })
})
