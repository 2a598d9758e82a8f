import { describe, expect, it } from 'vitest'
import type { Run } from '../../cluster/report.ts'
import { reportText } from '../../cluster/report.ts'
import { REPOSITORY } from '../../cluster/work-folder.ts'

const addresses = {
  brokers: ['10.99.0.1:9092', '10.99.0.1:9093'],
  registryUrl: 'http://10.99.0.1:8081',
  databaseUrl: 'postgres://user:hunter2@10.99.0.1:5432/db',
}
const good = { name: 'it installs', seconds: 5.5, findings: { pods: 7 }, fault: null }
const bad = {
  ...good,
  name: 'it rolls',
  fault: `helm upgrade x ${REPOSITORY}charts failed\n    at command (file://${REPOSITORY}a.ts:1:1)`,
}
const run: Run = {
  tag: '1.0.0',
  next: '1.0.0-next',
  images: [{ target: 'ingress', id: 'sha256:0123456789abcdef', bytes: 156_027_141 }],
  steps: [good, bad],
  built: [],
  seconds: 60,
}

describe('the report of the cluster suite', () => {
  it('tells each step, what it found, and how many passed', async () => {
    const text = await reportText(run, addresses)
    expect(text).toContain('1 of 2 steps passed in 60 s')
    expect(text).toMatch(/\| passed +\| it installs +\| 5\.5 s +\| pods: 7 +\|/)
    expect(text).toMatch(/\| \*\*failed\*\* \| it rolls +\|/)
    expect(text).toMatch(/\| `ingress` +\| 156\.0 MB +\| `0123456789ab` +\|/)
  })

  it('says which images stand in for public ones, and what they take', async () => {
    const text = await reportText(run, addresses)
    expect(text).toMatch(/stand-ins under their names, built here/)
    expect(text).toMatch(/- `apache\/kafka:\S+`: .*CLUSTER_ID/)
    expect(text).toMatch(/- `apicurio\/\S+`: .*user 1001 of group 0/)
    expect(text).toMatch(/- `postgres:\S+`: .*POSTGRES_PASSWORD/)
  })

  it('names no place of this machine, and no secret', async () => {
    const text = await reportText(run, addresses)
    expect(text).toContain('helm upgrade x charts failed')
    expect(text).not.toContain(REPOSITORY)
    expect(text).not.toContain('hunter2')
  })
})
