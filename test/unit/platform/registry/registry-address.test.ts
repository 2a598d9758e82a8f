import { expect, it } from 'vitest'
import { registryAddress } from '#platform/registry/registry-address.ts'

it('takes the credentials out of the address', () => {
  expect(registryAddress('https://us%40er:p%2Fw@registry.example.com/api/')).toEqual({
    baseUrl: 'https://registry.example.com/api',
    credentials: { username: 'us@er', password: 'p/w' },
  })
})

it('leaves an address without credentials as it is, but for the final slash', () => {
  expect(registryAddress('http://127.0.0.1:8081/apis/ccompat/v7/')).toEqual({
    baseUrl: 'http://127.0.0.1:8081/apis/ccompat/v7',
    credentials: null,
  })
})
