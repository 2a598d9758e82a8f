import { cardConsumer } from '#consumers/card/projection.ts'
import { complianceConsumer } from '#consumers/compliance/projection.ts'
import { passConsumer } from '#consumers/pass/projection.ts'
import { programConsumer } from '#consumers/program/projection.ts'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import { settlementConsumer } from '#consumers/settlement/projection.ts'
import type { HandledDomain } from '#core/routing.ts'

/** Every domain's consumer, for what operators do by hand with its events. */
export const DOMAIN_CONSUMERS: Readonly<Record<HandledDomain, DomainConsumer>> = {
  pass: passConsumer,
  card: cardConsumer,
  settlement: settlementConsumer,
  compliance: complianceConsumer,
  program: programConsumer,
}
