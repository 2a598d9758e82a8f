-- States, milestones, lines, and totals for people. Where the column of a milestone is null, no such event
-- has been seen.
ALTER TABLE settlement.settlements
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS completed_at timestamptz,
  ADD COLUMN IF NOT EXISTS failed_at timestamptz;

ALTER TABLE settlement.payouts
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS completed_at timestamptz;

-- The lines of the newest snapshot of each settlement, replaced whole; types in today's words.
CREATE TABLE IF NOT EXISTS settlement.settlement_lines (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  settlement_id text COLLATE "C" NOT NULL,
  line_no integer NOT NULL,
  type text,
  transaction_id text,
  amount_cents bigint,
  PRIMARY KEY (tenant_id, live_mode, settlement_id, line_no)
);
CREATE INDEX IF NOT EXISTS settlement_lines_by_transaction_id
  ON settlement.settlement_lines (tenant_id, live_mode, transaction_id);

-- A settlement counts once, by how far it came (completed, else failed), on the day (UTC) when it
-- came there. Made from the rows, so it is right in any order of events.
CREATE OR REPLACE VIEW settlement.totals_by_day AS
SELECT tenant_id, live_mode, (at AT TIME ZONE 'UTC')::date AS day, currency,
  count(*) FILTER (WHERE kind = 'settled') AS settled_count,
  coalesce(sum(amount_cents) FILTER (WHERE kind = 'settled'), 0) AS settled_cents,
  count(*) FILTER (WHERE kind = 'failed') AS failed_count,
  coalesce(sum(amount_cents) FILTER (WHERE kind = 'failed'), 0) AS failed_cents,
  count(*) FILTER (WHERE kind = 'paid_out') AS paid_out_count,
  coalesce(sum(amount_cents) FILTER (WHERE kind = 'paid_out'), 0) AS paid_out_cents
FROM (
  SELECT tenant_id, live_mode, currency, amount_cents, coalesce(completed_at, failed_at) AS at,
    CASE WHEN completed_at IS NOT NULL THEN 'settled' ELSE 'failed' END AS kind
  FROM settlement.settlements
  UNION ALL
  SELECT tenant_id, live_mode, currency, amount_cents, completed_at, 'paid_out'
  FROM settlement.payouts
) AS t
WHERE at IS NOT NULL
GROUP BY tenant_id, live_mode, day, currency;
