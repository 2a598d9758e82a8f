import { runConsumerService } from '#consumers/runtime/service.ts'
import { settlementConsumer } from './projection.ts'

await runConsumerService(settlementConsumer)
