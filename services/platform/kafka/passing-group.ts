import { randomUUID } from 'node:crypto'
import type { Consumer } from 'kafkajs'
import type { Logger } from '../log.ts'
import { cappedWait } from './capped-wait.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'

/** A group of one member for one reading: kafkajs reads in no other way. */
export interface PassingGroup {
  readonly groupId: string
  readonly connection: KafkaConnection
  readonly log: Logger
}

const LEAVE_CAP_MS = 2000

/** A name that no other reading has, and that says whose it is. */
export function passingGroup(clientId: string): string {
  return `${clientId}.tail.${randomUUID()}`
}

async function deleteGroup({ groupId, connection, log }: PassingGroup): Promise<void> {
  const admin = kafkaClient(connection, log, 0).admin()
  try {
    await admin.connect()
    await admin.deleteGroups([groupId])
  } finally {
    await admin.disconnect()
  }
}

/** Disconnects and removes the group, as far as the broker lets us within 4 s. Never rejects. */
export async function leaveNothing(consumer: Consumer, group: PassingGroup): Promise<void> {
  await cappedWait(consumer.disconnect(), LEAVE_CAP_MS)
  await cappedWait(deleteGroup(group), LEAVE_CAP_MS)
}
