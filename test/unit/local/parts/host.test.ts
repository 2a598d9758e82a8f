import { expect, test } from 'vitest'
import { javaCommand, userCacheDir } from '#local/parts/host.ts'

test('the cache is where XDG_CACHE_HOME says, and in the home folder without it', () => {
  expect(userCacheDir('/caches', '/home/a')).toBe('/caches')
  expect(userCacheDir(undefined, '/home/a')).toBe('/home/a/.cache')
})

test('a relative XDG_CACHE_HOME is ignored, as its specification asks', () => {
  expect(userCacheDir('caches', '/home/a')).toBe('/home/a/.cache')
})

test('JAVA_HOME goes before PATH', () => {
  expect(javaCommand({ JAVA_HOME: '/jdk' })).toBe('/jdk/bin/java')
  expect(javaCommand({})).toBe('java')
})
