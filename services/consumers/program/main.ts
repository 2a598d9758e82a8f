import { runConsumerService } from '#consumers/runtime/service.ts'
import { programConsumer } from './projection.ts'

await runConsumerService(programConsumer)
