import { describe, expect, it } from 'vitest'
import { storedName, trialImages } from '../../cluster/trial-images.ts'
import { noHelm, ofKind, podOf, renderedSet } from '../../fixtures/chart.ts'

describe('what stands in for the public images of a trial', () => {
  it('is stored as a container runtime completes a name', () => {
    expect(storedName('postgres:18')).toBe('docker.io/library/postgres:18')
    expect(storedName('apache/kafka:4')).toBe('docker.io/apache/kafka:4')
  })

  it.runIf(noHelm === null)('has the very names that the chart asks for', async () => {
    const objects = await renderedSet('trial')
    const asked = ofKind(objects, 'Deployment')
      .filter(({ metadata }) => metadata.name.includes('-dev-'))
      .map((deployment) => podOf(deployment)?.containers[0].image)
    const names = (await trialImages()).map(({ name }) => name)
    expect(names.sort()).toEqual(asked.sort())
  })
})
