// Asks a broker for the versions of its API, as kafka-broker-api-versions.sh does whose program is not
// among the jars of the local stack; ends with 0 when it answers without an error.
import { connect } from 'node:net'

/** Length; API 18, version 0; correlation 1; no client id. */
const REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255])
/** Length and correlation stand before it. */
const ERROR_AT = 8
const WITHIN_MS = 5000

const [, , , address = ''] = process.argv
const [host, port] = address.split(':')
const socket = connect(Number(port), host, () => socket.write(REQUEST))
setTimeout(() => process.exit(1), WITHIN_MS)
socket.on('error', () => process.exit(1))
let answer = Buffer.alloc(0)
socket.on('data', (bytes) => {
  answer = Buffer.concat([answer, bytes])
  if (answer.length >= ERROR_AT + 2) process.exit(answer.readInt16BE(ERROR_AT) === 0 ? 0 : 1)
})
