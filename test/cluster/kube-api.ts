import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { NODE_ADDRESS } from './addresses.ts'

/** Reads of the API server without a kubectl for each, which takes a tenth of a second of a core. */
export interface KubeApi {
  /** @throws when it does not answer 200 */
  get(path: string): Promise<unknown>
}

const PATIENCE_MS = 10_000

/** @param keys folder with the administrator's certificate */
export function kubeApi(keys: string): KubeApi {
  const file = (name: string) => readFileSync(join(keys, name))
  const agent = new Agent({
    keepAlive: true,
    ca: file('ca.crt'),
    cert: file('admin.crt'),
    key: file('admin.key'),
  })
  const get = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const url = `https://${NODE_ADDRESS}:6443${path}`
      const asked = request(url, { agent, timeout: PATIENCE_MS }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.once('error', reject)
        answer.once('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (answer.statusCode === 200) resolve(JSON.parse(text))
          else reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 200)}`))
        })
      })
      asked.once('timeout', () => asked.destroy(new Error(`${path}: no answer`)))
      asked.once('error', reject)
      asked.end()
    })
  return { get }
}

/** The objects of a list. */
export async function items<Item>(api: KubeApi, path: string): Promise<readonly Item[]> {
  const list = (await api.get(path)) as { readonly items: readonly Item[] }
  return list.items
}
