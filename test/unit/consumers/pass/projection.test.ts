import { passConsumer } from '#consumers/pass/projection.ts'
import { describeGolden } from '../golden-promises.ts'

describeGolden(passConsumer)
