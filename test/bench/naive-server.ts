import { createHmac, timingSafeEqual } from 'node:crypto'
import fastify from 'fastify'
import kafkajs from 'kafkajs'
import { processEnvironment } from '#platform/config/environment.ts'

// What one writes in an afternoon: fastify, its parser, the signature, one send() a request. No
// Avro, no catalogue, no coverage check, none of the answers.
const { PORT, KAFKA_BROKERS = '', TOPIC = '', SECRET = '' } = processEnvironment()
const logLevel = kafkajs.logLevel.NOTHING
const kafka = new kafkajs.Kafka({ brokers: KAFKA_BROKERS.split(','), clientId: 'naive', logLevel })
const producer = kafka.producer({ allowAutoTopicCreation: false })
await producer.connect()

const app = fastify()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
  done(null, body)
})

app.post('/v1/hooks/:id', async (request, reply) => {
  const body = request.body as Buffer
  const signature = String(request.headers['qairopay-signature'])
  const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})/.exec(signature) ?? []
  const expected = createHmac('sha256', SECRET).update(`${t}.`).update(body).digest()
  if (!timingSafeEqual(expected, Buffer.from(v1, 'hex'))) return reply.code(401).send()
  const event = JSON.parse(body.toString('utf8'))
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ key: event.tenant_id, value: body }] })
  return reply.code(202).send({ status: 'accepted' })
})

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
