import { flushCompileCache } from 'node:module'

// Preloaded into the services. Node would write what it compiled when they end, which made the
// first stop take six seconds longer; long after the start nobody waits for it.
const AFTER_START_MS = 15_000

setTimeout(flushCompileCache, AFTER_START_MS).unref()
