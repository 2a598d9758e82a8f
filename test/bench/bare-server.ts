import { createServer } from 'node:http'
import { processEnvironment } from '#platform/config/environment.ts'

// What no HTTP service in Node can be cheaper than: reads the body and answers.
const ANSWER = '{"status":"ok"}'
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    Buffer.concat(chunks)
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': ANSWER.length })
    response.end(ANSWER)
  })
})
server.listen(Number(processEnvironment().PORT), '127.0.0.1')
