import { runConsumerService } from '#consumers/runtime/service.ts'
import { cardConsumer } from './projection.ts'

await runConsumerService(cardConsumer)
