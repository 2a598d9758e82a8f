-- States, milestones, and a view of scans for people. Where the column of a milestone is null, no such event
-- has been seen.
ALTER TABLE pass.passes
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS issued_at timestamptz,
  ADD COLUMN IF NOT EXISTS installed_at timestamptz,
  ADD COLUMN IF NOT EXISTS revoked_at timestamptz,
  ADD COLUMN IF NOT EXISTS removed_at timestamptz;

ALTER TABLE pass.pass_templates
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS issuing_since timestamptz,
  ADD COLUMN IF NOT EXISTS archived_at timestamptz,
  ADD COLUMN IF NOT EXISTS location_count bigint;

-- Each scan with what is known of its pass, which may not have been heard of yet.
CREATE OR REPLACE VIEW pass.scans_with_pass AS
SELECT s.tenant_id, s.live_mode, s.scan_id, s.created AS scanned, s.scanner_id, s.result,
  s.latitude, s.longitude, s.pass_id, p.state AS pass_state, p.platform, p.template_id,
  t.name AS template_name
FROM pass.scans s
LEFT JOIN pass.passes p
  ON p.tenant_id = s.tenant_id AND p.live_mode = s.live_mode AND p.pass_id = s.pass_id
LEFT JOIN pass.pass_templates t
  ON t.tenant_id = p.tenant_id AND t.live_mode = p.live_mode AND t.pass_template_id = p.template_id;
