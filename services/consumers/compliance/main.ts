import { runConsumerService } from '#consumers/runtime/service.ts'
import { complianceConsumer } from './projection.ts'

await runConsumerService(complianceConsumer)
