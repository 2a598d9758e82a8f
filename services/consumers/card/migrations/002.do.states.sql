-- States, milestones, the words of the current version, and spend for people. Where the column of a
-- milestone is null, no such event has been seen.
ALTER TABLE card.cards
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS issued_at timestamptz,
  ADD COLUMN IF NOT EXISTS shipped_at timestamptz,
  ADD COLUMN IF NOT EXISTS activated_at timestamptz,
  ADD COLUMN IF NOT EXISTS suspended_at timestamptz,
  ADD COLUMN IF NOT EXISTS terminated_at timestamptz,
  -- Before 2026-05-19, and since: neither can be made from the other.
  ADD COLUMN IF NOT EXISTS allowed_categories jsonb,
  ADD COLUMN IF NOT EXISTS blocked_categories jsonb;

-- One column held a label before 2026-02-01 and a code since; as sent it is in `snapshot`.
ALTER TABLE card.transactions
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS authorized_at timestamptz,
  ADD COLUMN IF NOT EXISTS declined_at timestamptz,
  ADD COLUMN IF NOT EXISTS captured_at timestamptz,
  ADD COLUMN IF NOT EXISTS merchant_category_label text,
  ADD COLUMN IF NOT EXISTS merchant_mcc text,
  DROP COLUMN IF EXISTS merchant_category;

ALTER TABLE card.disputes
  ADD COLUMN IF NOT EXISTS first_updated_at timestamptz;

-- A transaction counts once, by how far it came (captured, else declined, else authorized only), in
-- the month (UTC) when it came there. Made from the rows, so it is right in any order of events.
CREATE OR REPLACE VIEW card.spend_by_card_and_month AS
SELECT tenant_id, live_mode, card_id, date_trunc('month', at AT TIME ZONE 'UTC')::date AS month, currency,
  count(*) FILTER (WHERE furthest = 'authorized') AS authorized_only_count,
  coalesce(sum(amount_cents) FILTER (WHERE furthest = 'authorized'), 0) AS authorized_only_cents,
  count(*) FILTER (WHERE furthest = 'captured') AS captured_count,
  coalesce(sum(amount_cents) FILTER (WHERE furthest = 'captured'), 0) AS captured_cents,
  count(*) FILTER (WHERE furthest = 'declined') AS declined_count,
  coalesce(sum(amount_cents) FILTER (WHERE furthest = 'declined'), 0) AS declined_cents
FROM (
  SELECT tenant_id, live_mode, card_id, currency, amount_cents,
    coalesce(captured_at, declined_at, authorized_at) AS at,
    CASE
      WHEN captured_at IS NOT NULL THEN 'captured'
      WHEN declined_at IS NOT NULL THEN 'declined'
      ELSE 'authorized'
    END AS furthest
  FROM card.transactions
) AS t
WHERE at IS NOT NULL
GROUP BY tenant_id, live_mode, card_id, month, currency;
