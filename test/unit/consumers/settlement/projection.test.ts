import { settlementConsumer } from '#consumers/settlement/projection.ts'
import { describeGolden } from '../golden-promises.ts'

describeGolden(settlementConsumer)
