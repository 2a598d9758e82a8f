-- What operators did by hand (parked tenants, replays): one line for each action, in the
-- transaction of its effects where it has one. Nothing here is ever changed or removed.
CREATE TABLE IF NOT EXISTS runtime.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  arguments jsonb NOT NULL,
  outcome jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_by_time ON runtime.audit (at);
