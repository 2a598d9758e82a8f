import type { ReceiverOptions } from '#ingress/receiver.ts'

/** A receiver that refuses nothing for want of room, and takes no call. */
export const USUAL_RECEIVER = {
  admission: { ofRequest: () => null, ofEvent: () => null, ofWebhook: () => null },
  jsonDepth: 64,
  staleSignature: 'quarantine',
  cardNumbers: 'count',
  takesCalls: () => false,
  answerCall: () => Promise.reject(new Error('unused')),
  now: Date.now,
} as const satisfies Partial<ReceiverOptions>
