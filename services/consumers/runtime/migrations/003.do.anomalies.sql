-- What the sender says happened although no state machine allows it. Recorded, never refused: the
-- row takes the new state all the same.
CREATE TABLE IF NOT EXISTS runtime.anomalies (
  group_id text NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  domain text NOT NULL,
  resource text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  event_type text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  created timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, tenant_id, live_mode, event_id)
);
CREATE INDEX IF NOT EXISTS anomalies_by_time ON runtime.anomalies (group_id, recorded_at);
