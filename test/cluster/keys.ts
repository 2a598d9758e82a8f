import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NODE_ADDRESS, NODE_NAME } from './addresses.ts'

const run = promisify(execFile)
const DAYS = ['-days', '2']

/** Keys of the cluster in one folder, and a kubeconfig for each of its programs. */
class KeyFolder {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  async #openssl(...args: readonly string[]): Promise<void> {
    await run('openssl', args)
  }

  async key(name: string): Promise<void> {
    const out = ['-out', this.path(`${name}.key`)]
    await this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', ...out)
  }

  async authority(name: string): Promise<void> {
    await this.key(name)
    const files = ['-key', this.path(`${name}.key`), '-out', this.path(`${name}.crt`)]
    await this.#openssl('req', '-x509', '-new', ...DAYS, '-subj', `/CN=${name}`, ...files)
  }

  async certificate(name: string, authority: string, subject: string, names = ''): Promise<void> {
    await this.key(name)
    const [request, extensions] = [this.path(`${name}.csr`), this.path(`${name}.ext`)]
    const key = ['-key', this.path(`${name}.key`)]
    await this.#openssl('req', '-new', ...key, '-subj', subject, '-out', request)
    const alternative = names === '' ? '' : `subjectAltName=${names}\n`
    await writeFile(extensions, `extendedKeyUsage=clientAuth,serverAuth\n${alternative}`)
    const by = ['-CA', this.path(`${authority}.crt`), '-CAkey', this.path(`${authority}.key`)]
    const files = ['-in', request, '-extfile', extensions, '-out', this.path(`${name}.crt`)]
    await this.#openssl('x509', '-req', ...by, '-CAcreateserial', ...DAYS, ...files)
  }

  async program(name: string, subject: string): Promise<void> {
    await this.certificate(name, 'ca', subject)
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'cluster',
      contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: name } }],
      clusters: [
        {
          name: 'cluster',
          cluster: {
            server: `https://${NODE_ADDRESS}:6443`,
            'certificate-authority': this.path('ca.crt'),
          },
        },
      ],
      users: [
        {
          name,
          user: {
            'client-certificate': this.path(`${name}.crt`),
            'client-key': this.path(`${name}.key`),
          },
        },
      ],
    }
    await writeFile(this.path(`${name}.conf`), JSON.stringify(config), { mode: 0o600 })
  }

  async accounts(): Promise<void> {
    const [key, pub] = [this.path('accounts.key'), this.path('accounts.pub')]
    await this.#openssl('genrsa', '-out', key, '2048')
    await this.#openssl('rsa', '-in', key, '-pubout', '-out', pub)
  }
}

const SERVER_NAMES = [
  ...['', '.default', '.default.svc'].map((suffix) => `DNS:kubernetes${suffix}`),
  ...['127.0.0.1', '10.96.0.1', NODE_ADDRESS].map((address) => `IP:${address}`),
].join(',')

/** Makes all keys of a cluster anew, for two days. */
export async function makeKeys(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const keys = new KeyFolder(folder)
  await keys.authority('ca')
  await keys.authority('front-ca')
  await keys.accounts()
  await keys.certificate('apiserver', 'ca', '/CN=kube-apiserver', SERVER_NAMES)
  await keys.certificate('kubelet-client', 'ca', '/O=system:masters/CN=kubelet-client')
  await keys.certificate('front-client', 'front-ca', '/CN=front-proxy-client')
  const node = `DNS:${NODE_NAME},IP:${NODE_ADDRESS}`
  await keys.certificate('kubelet-server', 'ca', `/CN=${NODE_NAME}`, node)
  await keys.program('admin', '/O=system:masters/CN=administrator')
  await keys.program('controllers', '/CN=system:kube-controller-manager')
  await keys.program('scheduler', '/CN=system:kube-scheduler')
  await keys.program('kubelet', `/O=system:nodes/CN=system:node:${NODE_NAME}`)
  await keys.program('proxy', '/CN=system:kube-proxy')
}
