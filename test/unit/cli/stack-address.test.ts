import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { completedEnvironment, stackEnvironment } from '#cli/stack-address.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

async function runFolder(run: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await temporaryFolder('run')
  onTestFinished(() => folder.remove())
  await writeFile(join(folder.path, 'run.json'), JSON.stringify(run))
  return folder.path
}

const run = { kafka: '127.0.0.1:9092', database: 'postgres://u:p@127.0.0.1:15432/er' }

describe('where the stack is', () => {
  it('is what the running stack has written down', async () => {
    const environment = { LOCAL_DIR: await runFolder(run) }
    expect(await stackEnvironment(environment, ['KAFKA_BROKERS', 'DATABASE_URL'])).toMatchObject({
      KAFKA_BROKERS: run.kafka,
      DATABASE_URL: run.database,
    })
  })

  it('is rather what the environment says', async () => {
    const DATABASE_URL = 'postgres://elsewhere/er'
    const environment = { LOCAL_DIR: await runFolder(run), DATABASE_URL }
    const found = await stackEnvironment(environment, ['KAFKA_BROKERS', 'DATABASE_URL'])
    expect(found).toMatchObject({ KAFKA_BROKERS: run.kafka, DATABASE_URL })
  })

  it('is nowhere when neither says it, and the variable that is missing is named', async () => {
    const environment = { LOCAL_DIR: await runFolder({ kafka: run.kafka }) }
    const found = stackEnvironment(environment, ['KAFKA_BROKERS', 'DATABASE_URL'])
    await expect(found).rejects.toThrow(/not running; .* set DATABASE_URL$/)
  })
})

describe('an environment that is completed', () => {
  it('has what the running stack has written down', async () => {
    const environment = { LOCAL_DIR: await runFolder(run), KAFKA_BROKERS: run.kafka }
    expect(await completedEnvironment(environment)).toEqual({
      isLocal: true,
      environment: { ...environment, DATABASE_URL: run.database },
    })
  })

  it('is never mixed from two installations', async () => {
    const environment = { LOCAL_DIR: await runFolder(run), KAFKA_BROKERS: 'kafka.example:9092' }
    expect(await completedEnvironment(environment)).toEqual({ isLocal: false, environment })
  })

  it('is left as it is where no stack runs', async () => {
    const environment = { LOCAL_DIR: '/nowhere' }
    expect(await completedEnvironment(environment)).toEqual({ isLocal: false, environment })
  })
})
