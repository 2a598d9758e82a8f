-- Updates that disagree with the event before them: a webhook between the two never came. One row
-- for each such update and group; `closed_at` is set when what was missing has come after all.
CREATE TABLE IF NOT EXISTS runtime.gaps (
  group_id text NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  domain text NOT NULL,
  resource text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  event_type text NOT NULL,
  before_event_id text COLLATE "C" NOT NULL,
  -- Fields that the update says were otherwise, and fields that changed without being named.
  contradicted text[] NOT NULL,
  silent text[] NOT NULL,
  -- By path: what the update says there was before it, and what the event before it shows.
  expected jsonb NOT NULL,
  found jsonb NOT NULL,
  window_from timestamptz NOT NULL,
  window_to timestamptz NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  closed_at timestamptz,
  closed_by text COLLATE "C",
  PRIMARY KEY (group_id, tenant_id, live_mode, domain, event_id)
);
CREATE INDEX IF NOT EXISTS gaps_open ON runtime.gaps (group_id, found_at) WHERE closed_at IS NULL;

-- Fields that the sender names in `previous_attributes` when they change. Only for these does a
-- change that is not named mean anything.
CREATE TABLE IF NOT EXISTS runtime.announced_fields (
  domain text NOT NULL,
  resource text NOT NULL,
  api_version text NOT NULL,
  path text NOT NULL,
  PRIMARY KEY (domain, resource, api_version, path)
);
