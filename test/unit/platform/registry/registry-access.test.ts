import { expect, it } from 'vitest'
import { REGISTRY_SETTINGS } from '#platform/config/service-settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { registryAccess, registryOptions } from '#platform/registry/registry-access.ts'

function accessOf(environment: Readonly<Record<string, string>>) {
  const url = { SCHEMA_REGISTRY_URL: 'http://registry/' }
  const options = registryOptions(loadSettings(REGISTRY_SETTINGS, { ...url, ...environment }))
  return registryAccess(options.url, options.identity)
}

it('is nobody in the default context, unless the settings say otherwise', () => {
  const tls = { caFile: null, certFile: null, keyFile: null }
  const plain = { baseUrl: 'http://registry', authorization: null, subjectPrefix: '', tls }
  expect(accessOf({})).toEqual(plain)
  const authorization = `Basic ${Buffer.from('user:word').toString('base64')}`
  const user = { SCHEMA_REGISTRY_USERNAME: 'user', SCHEMA_REGISTRY_PASSWORD: 'word' }
  expect(accessOf(user)).toEqual({ ...plain, authorization })
  expect(accessOf({ SCHEMA_REGISTRY_URL: 'http://user:word@registry' })).toEqual({
    ...plain,
    authorization,
  })
  const token = { SCHEMA_REGISTRY_TOKEN: 'token' }
  expect(accessOf(token)).toEqual({ ...plain, authorization: 'Bearer token' })
  const context = { ...plain, subjectPrefix: ':.staging:' }
  expect(accessOf({ SCHEMA_REGISTRY_CONTEXT: 'staging' })).toEqual(context)
  expect(accessOf({ SCHEMA_REGISTRY_CONTEXT: '.staging' })).toEqual(context)
})
