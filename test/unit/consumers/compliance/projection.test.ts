import { complianceConsumer } from '#consumers/compliance/projection.ts'
import { describeGolden } from '../golden-promises.ts'

describeGolden(complianceConsumer)
