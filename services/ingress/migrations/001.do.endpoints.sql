-- Endpoints with their secrets, sealed. Written by the command line only, read by every ingress,
-- which needs SELECT on the first two tables and on the table of versions.
CREATE SCHEMA IF NOT EXISTS endpoints;

-- Counts changes. A writer holds this row until its commit, so that revisions become visible in
-- their order and a reader that asks for what is newer than its own misses none.
CREATE TABLE IF NOT EXISTS endpoints.revision (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  value bigint NOT NULL
);
INSERT INTO endpoints.revision (value) VALUES (0) ON CONFLICT DO NOTHING;

-- No row is ever deleted: a removed endpoint goes on being answered 410. `secrets` is a list of
-- {id, since, not_after, key, sealed}; see ingress/sealing.ts for what a seal binds.
CREATE TABLE IF NOT EXISTS endpoints.endpoints (
  id text COLLATE "C" PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('enabled', 'disabled', 'removed')),
  decision_url text,
  secrets jsonb NOT NULL,
  revision bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS endpoints_by_revision ON endpoints.endpoints (revision);

-- What operators did, in the transaction that did it. Nothing here is ever changed or removed.
CREATE TABLE IF NOT EXISTS endpoints.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  endpoint_id text NOT NULL,
  outcome jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_by_endpoint ON endpoints.audit (endpoint_id, id);
