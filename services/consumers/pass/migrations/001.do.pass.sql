-- The current state of each resource of the domain, and the history of its events.
CREATE SCHEMA IF NOT EXISTS pass;

CREATE TABLE IF NOT EXISTS pass.passes (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  pass_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  status text,
  template_id text,
  platform text,
  revoke_reason text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, pass_id)
);
CREATE INDEX IF NOT EXISTS passes_by_template_id ON pass.passes (tenant_id, live_mode, template_id);

CREATE TABLE IF NOT EXISTS pass.pass_templates (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  pass_template_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  status text,
  name text,
  kind text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, pass_template_id)
);

CREATE TABLE IF NOT EXISTS pass.scans (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  scan_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  pass_id text,
  scanner_id text,
  result text,
  latitude double precision,
  longitude double precision,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, scan_id)
);
CREATE INDEX IF NOT EXISTS scans_by_pass_id ON pass.scans (tenant_id, live_mode, pass_id);

-- Append only: one row an event, also of types that nobody knew. `data` is as sent.
CREATE TABLE IF NOT EXISTS pass.history (
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
  ON pass.history (tenant_id, live_mode, resource_id, created);
