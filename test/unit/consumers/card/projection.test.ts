import { cardConsumer } from '#consumers/card/projection.ts'
import { describeGolden } from '../golden-promises.ts'

describeGolden(cardConsumer)
