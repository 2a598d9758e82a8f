import { expect, it } from 'vitest'
import { moduleOf } from '../../cluster/hyperkube.ts'

it('points the published go.mod of Kubernetes at what is published beside it', () => {
  const published = [
    'module k8s.io/kubernetes',
    '',
    'require k8s.io/api v0.0.0',
    '',
    'replace (',
    '\tk8s.io/api => ./staging/src/k8s.io/api',
    '\tk8s.io/cri-client => ./staging/src/k8s.io/cri-client',
    ')',
  ].join('\n')
  expect(moduleOf(published, '1.34.4').split('\n')).toEqual([
    'module event-router/hyperkube',
    '',
    'require k8s.io/api v0.0.0',
    '',
    'replace (',
    '\tk8s.io/api => k8s.io/api v0.34.4',
    '\tk8s.io/cri-client => k8s.io/cri-client v0.34.4',
    ')',
    '',
    'require k8s.io/kubernetes v1.34.4',
    '',
  ])
})
