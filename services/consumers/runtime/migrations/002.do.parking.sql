-- Tenants that wait: something of theirs could not be handled, so what came later queues behind it.
CREATE TABLE IF NOT EXISTS runtime.parked_tenants (
  group_id text NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  fingerprint text NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 1,
  last_attempt_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, tenant_id, live_mode)
);

-- Their events in order, the one that failed first. A tenant has one partition of one topic in a
-- group, so offsets order them.
CREATE TABLE IF NOT EXISTS runtime.parked_events (
  group_id text NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  event_type text NOT NULL,
  api_version text NOT NULL,
  created timestamptz NOT NULL,
  record_key bytea,
  value bytea NOT NULL,
  headers jsonb NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, tenant_id, live_mode, record_offset)
);

-- Why: one row for each cause, whatever the number of its victims.
CREATE TABLE IF NOT EXISTS runtime.causes (
  group_id text NOT NULL,
  fingerprint text NOT NULL,
  error_class text NOT NULL,
  place text NOT NULL,
  event_type text NOT NULL,
  api_version text NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, fingerprint)
);

ALTER TABLE runtime.set_aside ADD COLUMN IF NOT EXISTS fingerprint text;
ALTER TABLE runtime.set_aside ADD COLUMN IF NOT EXISTS released_at timestamptz;
CREATE INDEX IF NOT EXISTS set_aside_by_cause ON runtime.set_aside (group_id, fingerprint, at)
  WHERE released_at IS NULL;

ALTER TABLE runtime.inbox DROP CONSTRAINT IF EXISTS inbox_outcome_check;
ALTER TABLE runtime.inbox ADD CONSTRAINT inbox_outcome_check
  CHECK (outcome IN ('applied', 'stale', 'history_only', 'set_aside', 'parked', 'skipped')) NOT VALID;
