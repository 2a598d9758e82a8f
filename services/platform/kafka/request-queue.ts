import { createRequire } from 'node:module'

/** What we use of kafkajs's queue of requests for one broker. */
interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

let calmed = false

/**
 * kafkajs looks at every connection's queue again and again, with a timer that is set to a negative
 * time where nothing is throttled (tulios/kafkajs#1751, open since 2024): 760 times a second for each idle
 * connection, and a warning of Node's in every process. A queue in which nothing waits needs no
 * look; what comes in later schedules its own.
 */
export function calmRequestQueues(): void {
  if (calmed) return
  calmed = true
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as {
    prototype: RequestQueue
  }
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this)
  }
}
