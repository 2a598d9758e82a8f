import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const GATE = new URL('../../../services/platform/require-node.mjs', import.meta.url).href

/** Node, with the gate before it, that takes itself for another version. */
function nodeThatIs(version: string) {
  const versions = `{ ...process.versions, node: '${version}' }`
  const disguise = `Object.defineProperty(process, 'versions', { value: ${versions} })`
  const preloads = [`data:text/javascript,${encodeURIComponent(disguise)}`, GATE]
  const flags = preloads.flatMap((url) => ['--import', url])
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '-e', 'console.log("started")'],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

it.each(['18.20.8', '20.19.0', '22.17.1', '23.5.0'])(
  'refuses Node %s in one sentence',
  (version) => {
    const { status, stdout, stderr } = nodeThatIs(version)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      new RegExp(`^Node ${version} is too old[^\\n]*npm ci[^\\n]*install Node 24\\.\\n$`),
    )
  },
)

it.each(['22.18.0', '23.6.0', '24.0.0', '26.1.0'])('lets Node %s pass', (version) => {
  expect(nodeThatIs(version)).toEqual({ status: 0, stdout: 'started\n', stderr: '' })
})
