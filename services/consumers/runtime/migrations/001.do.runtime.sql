-- What every consumer needs, whatever its domain. Shared by all groups.
CREATE SCHEMA IF NOT EXISTS runtime;

-- The fence: a member whose epoch is old writes nothing. Offsets here are the truth; those in
-- Kafka only say where to begin to read.
CREATE TABLE IF NOT EXISTS runtime.consumer_offsets (
  group_id text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  epoch bigint NOT NULL,
  next_offset bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, topic, partition)
) WITH (fillfactor = 50);

-- One row for each event that had its effect. `created_on` is the UTC day of the event's
-- `created`, which all copies share, so that old days are dropped whole.
CREATE TABLE IF NOT EXISTS runtime.inbox (
  group_id text NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  created_on date NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('applied', 'stale', 'history_only', 'set_aside')),
  effect text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (event_id, group_id, tenant_id, live_mode, created_on)
) PARTITION BY RANGE (created_on);
CREATE TABLE IF NOT EXISTS runtime.inbox_default PARTITION OF runtime.inbox DEFAULT;

-- Records that could not be understood, as they lie on their topic.
CREATE TABLE IF NOT EXISTS runtime.set_aside (
  group_id text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  tenant_key text,
  event_id text COLLATE "C",
  reason text NOT NULL,
  sql_state text,
  record_key bytea,
  value bytea,
  headers jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, topic, partition, record_offset)
);
CREATE INDEX IF NOT EXISTS set_aside_by_reason ON runtime.set_aside (reason, at);
