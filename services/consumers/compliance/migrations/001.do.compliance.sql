-- The current state of each resource of the domain, and the history of its events.
CREATE SCHEMA IF NOT EXISTS compliance;

CREATE TABLE IF NOT EXISTS compliance.cardholders (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  cardholder_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  status text,
  kyc_status text,
  sanctions_status text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, cardholder_id)
);

-- Append only: one row an event, also of types that nobody knew. `data` is as sent.
CREATE TABLE IF NOT EXISTS compliance.history (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  event_type text NOT NULL,
  api_version text NOT NULL,
  created timestamptz NOT NULL,
  resource text,
  resource_id text COLLATE "C",
  data jsonb NOT NULL,
  previous_attributes jsonb,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, event_id)
);
CREATE INDEX IF NOT EXISTS history_by_resource
  ON compliance.history (tenant_id, live_mode, resource_id, created);
