import { runConsumerService } from '#consumers/runtime/service.ts'
import { passConsumer } from './projection.ts'

await runConsumerService(passConsumer)
