-- A revision is told by its number and a random token: after a failover to a standby that lacked the
-- last changes, the same number counts another change. Of the last 1000 revisions, by number.
ALTER TABLE endpoints.revision ADD COLUMN IF NOT EXISTS tokens jsonb NOT NULL DEFAULT '{}';
