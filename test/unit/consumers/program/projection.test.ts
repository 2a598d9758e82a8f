import { programConsumer } from '#consumers/program/projection.ts'
import { describeGolden } from '../golden-promises.ts'

describeGolden(programConsumer)
