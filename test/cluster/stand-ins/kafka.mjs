// What the image apache/kafka does with its environment: KAFKA_A_B=c is a.b=c, the folder is formatted
// once, then the broker runs until it is told to stop.
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/** In the folder that the public image insists on being able to write to. */
const PROPERTIES = '/opt/kafka/config/server.properties'
/** `___` is a dash, `__` an underscore, `_` a dot. */
const nameOf = (variable) =>
  variable
    .slice('KAFKA_'.length)
    .toLowerCase()
    .split('___')
    .map((part) =>
      part
        .split('__')
        .map((word) => word.replaceAll('_', '.'))
        .join('_'),
    )
    .join('-')

// biome-ignore lint/style/noProcessEnv: a container's own program, told as the public image is
const { KAFKA_HEAP_OPTS: heap = '', CLUSTER_ID: cluster = '', ...environment } = process.env
const lines = Object.entries(environment)
  .filter(([variable]) => variable.startsWith('KAFKA_'))
  .map(([variable, value]) => `${nameOf(variable)}=${value}\n`)
writeFileSync(PROPERTIES, lines.join(''))
const small = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const java = [
  '-cp',
  '/opt/kafka/libs/*',
  ...small,
  ...heap.split(' ').filter((word) => word !== ''),
]
const formatting = ['format', '--cluster-id', cluster, '--config', PROPERTIES, '--ignore-formatted']
const stdio = 'inherit'
const formatted = spawnSync('java', [...java, 'kafka.tools.StorageTool', ...formatting], { stdio })
if (formatted.status !== 0) process.exit(1)
const broker = spawn('java', [...java, 'kafka.Kafka', PROPERTIES], { stdio })
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => broker.kill('SIGTERM'))
broker.on('exit', (code) => process.exit(code ?? 1))
