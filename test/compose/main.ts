import { fileURLToPath } from 'node:url'
import { BUILD_IMAGE, RUN_IMAGE } from '../cluster/base-images.ts'
import { foreground } from '../cluster/machine-command.ts'
import { STAND_INS, STAND_INS_TAKE } from '../cluster/stand-ins.ts'
import { whyNoCompose } from '../fixtures/compose-stack.ts'
import { CannotBeHad } from '../fixtures/go-programs.ts'
import { preparedEngine } from './engine.ts'

const HELP = `Brings the whole system by docker compose and runs the promises of a whole stack against it.

  npm run test:compose                  with the engine and the public images that are there; else with
                                        Debian's engine in namespaces of its own (root, Go, some minutes
                                        once), our images built by it, and stand-ins for those of Kafka,
                                        the registry and Postgres that are made of the local stack's parts
  npm run test:compose -- --help        this`

const note = (line: string) => void process.stderr.write(`${line}\n`)
/** As docker-compose.yml names them. */
const STAND_IN_VARIABLES = {
  KAFKA_IMAGE: STAND_INS.kafka,
  REGISTRY_IMAGE: STAND_INS.registry,
  POSTGRES_IMAGE: STAND_INS.postgres,
}
const SUITE = ['vitest', 'run', '--project', 'e2e', 'test/e2e/compose.test.ts']

/** Without an engine or public images: both are made of what package clients have. */
async function withStandIns(why: string): Promise<number> {
  note(`${why}: made of parts of this machine, and of Debian's packages`)
  for (const [name, takes] of Object.entries(STAND_INS_TAKE)) {
    note(`instead of the public image of ${name} one that is built here, which takes ${takes}`)
  }
  const engine = await preparedEngine(note)
  const images = fileURLToPath(new URL('images.ts', import.meta.url))
  const names = { ...STAND_IN_VARIABLES, BUILD_IMAGE, RUN_IMAGE }
  const built = await engine.beside('build', [process.execPath, images], names)
  if (built !== 0) return built
  return await engine.beside('run', ['npx', ...SUITE], {
    ...STAND_IN_VARIABLES,
    COMPOSE_PREBUILT: 'true',
  })
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const why = await whyNoCompose()
  return why === null ? await foreground('npx', SUITE) : await withStandIns(why)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof CannotBeHad)) throw error
  note(`the system cannot be brought by docker compose on this machine: ${error.message}`)
  process.exitCode = 1
}
