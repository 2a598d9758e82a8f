-- The events of a resource in their order: the one before and the one after are one step away. The
-- index that it replaces could not tell events of the same instant apart.
CREATE INDEX IF NOT EXISTS history_order
  ON pass.history (tenant_id, live_mode, resource_id, resource, created, event_id);
DROP INDEX IF EXISTS pass.history_by_resource;
