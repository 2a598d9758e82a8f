// Written by `npm run docs` from the folders of versions under schemas/.

import type { CardEvent as CardEvent20251101 } from './2025-11-01/card.ts'
import { CARD_EVENT_TYPES as CARD_EVENT_TYPES_20251101 } from './2025-11-01/card.ts'
import type { ComplianceEvent as ComplianceEvent20251101 } from './2025-11-01/compliance.ts'
import { COMPLIANCE_EVENT_TYPES as COMPLIANCE_EVENT_TYPES_20251101 } from './2025-11-01/compliance.ts'
import type { PassEvent as PassEvent20251101 } from './2025-11-01/pass.ts'
import { PASS_EVENT_TYPES as PASS_EVENT_TYPES_20251101 } from './2025-11-01/pass.ts'
import type { ProgramEvent as ProgramEvent20251101 } from './2025-11-01/program.ts'
import { PROGRAM_EVENT_TYPES as PROGRAM_EVENT_TYPES_20251101 } from './2025-11-01/program.ts'
import type { SettlementEvent as SettlementEvent20251101 } from './2025-11-01/settlement.ts'
import { SETTLEMENT_EVENT_TYPES as SETTLEMENT_EVENT_TYPES_20251101 } from './2025-11-01/settlement.ts'
import type { CardEvent as CardEvent20260201 } from './2026-02-01/card.ts'
import { CARD_EVENT_TYPES as CARD_EVENT_TYPES_20260201 } from './2026-02-01/card.ts'
import type { ComplianceEvent as ComplianceEvent20260201 } from './2026-02-01/compliance.ts'
import { COMPLIANCE_EVENT_TYPES as COMPLIANCE_EVENT_TYPES_20260201 } from './2026-02-01/compliance.ts'
import type { PassEvent as PassEvent20260201 } from './2026-02-01/pass.ts'
import { PASS_EVENT_TYPES as PASS_EVENT_TYPES_20260201 } from './2026-02-01/pass.ts'
import type { ProgramEvent as ProgramEvent20260201 } from './2026-02-01/program.ts'
import { PROGRAM_EVENT_TYPES as PROGRAM_EVENT_TYPES_20260201 } from './2026-02-01/program.ts'
import type { SettlementEvent as SettlementEvent20260201 } from './2026-02-01/settlement.ts'
import { SETTLEMENT_EVENT_TYPES as SETTLEMENT_EVENT_TYPES_20260201 } from './2026-02-01/settlement.ts'
import type { CardEvent as CardEvent20260519 } from './2026-05-19/card.ts'
import { CARD_EVENT_TYPES as CARD_EVENT_TYPES_20260519 } from './2026-05-19/card.ts'
import type { ComplianceEvent as ComplianceEvent20260519 } from './2026-05-19/compliance.ts'
import { COMPLIANCE_EVENT_TYPES as COMPLIANCE_EVENT_TYPES_20260519 } from './2026-05-19/compliance.ts'
import type { PassEvent as PassEvent20260519 } from './2026-05-19/pass.ts'
import { PASS_EVENT_TYPES as PASS_EVENT_TYPES_20260519 } from './2026-05-19/pass.ts'
import type { ProgramEvent as ProgramEvent20260519 } from './2026-05-19/program.ts'
import { PROGRAM_EVENT_TYPES as PROGRAM_EVENT_TYPES_20260519 } from './2026-05-19/program.ts'
import type { SettlementEvent as SettlementEvent20260519 } from './2026-05-19/settlement.ts'
import { SETTLEMENT_EVENT_TYPES as SETTLEMENT_EVENT_TYPES_20260519 } from './2026-05-19/settlement.ts'

/** By version and domain: the events whose types are known here. */
export interface KnownEvents {
  readonly '2025-11-01': {
    readonly pass: PassEvent20251101
    readonly card: CardEvent20251101
    readonly settlement: SettlementEvent20251101
    readonly compliance: ComplianceEvent20251101
    readonly program: ProgramEvent20251101
  }
  readonly '2026-02-01': {
    readonly pass: PassEvent20260201
    readonly card: CardEvent20260201
    readonly settlement: SettlementEvent20260201
    readonly compliance: ComplianceEvent20260201
    readonly program: ProgramEvent20260201
  }
  readonly '2026-05-19': {
    readonly pass: PassEvent20260519
    readonly card: CardEvent20260519
    readonly settlement: SettlementEvent20260519
    readonly compliance: ComplianceEvent20260519
    readonly program: ProgramEvent20260519
  }
}

/** By version and domain: the event types that are known here. */
export const EVENT_TYPES = {
  '2025-11-01': {
    pass: PASS_EVENT_TYPES_20251101,
    card: CARD_EVENT_TYPES_20251101,
    settlement: SETTLEMENT_EVENT_TYPES_20251101,
    compliance: COMPLIANCE_EVENT_TYPES_20251101,
    program: PROGRAM_EVENT_TYPES_20251101,
  },
  '2026-02-01': {
    pass: PASS_EVENT_TYPES_20260201,
    card: CARD_EVENT_TYPES_20260201,
    settlement: SETTLEMENT_EVENT_TYPES_20260201,
    compliance: COMPLIANCE_EVENT_TYPES_20260201,
    program: PROGRAM_EVENT_TYPES_20260201,
  },
  '2026-05-19': {
    pass: PASS_EVENT_TYPES_20260519,
    card: CARD_EVENT_TYPES_20260519,
    settlement: SETTLEMENT_EVENT_TYPES_20260519,
    compliance: COMPLIANCE_EVENT_TYPES_20260519,
    program: PROGRAM_EVENT_TYPES_20260519,
  },
} as const
