-- States, milestones, alerts, and those that are open. Where the column of a milestone is null, no
-- such event has been seen.
ALTER TABLE compliance.cardholders
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS kyc_completed_at timestamptz,
  ADD COLUMN IF NOT EXISTS first_alert_at timestamptz;

-- One row an alert; its id is the event's.
CREATE TABLE IF NOT EXISTS compliance.sanctions_alerts (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  sanctions_alert_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  cardholder_id text COLLATE "C",
  sanctions_status text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, sanctions_alert_id)
);
CREATE INDEX IF NOT EXISTS sanctions_alerts_by_cardholder_id
  ON compliance.sanctions_alerts (tenant_id, live_mode, cardholder_id);

-- Alerts after which no event has shown the cardholder as cleared. The history is asked, not the
-- cardholder's row, so that an alert stays closed when a later one opens, in any order of events.
-- The sender prints no word for cleared: these two are our reading.
CREATE OR REPLACE VIEW compliance.open_sanctions_alerts AS
SELECT a.tenant_id, a.live_mode, a.sanctions_alert_id, a.created AS raised, a.cardholder_id,
  c.state AS cardholder_state, c.kyc_status, c.sanctions_status
FROM compliance.sanctions_alerts a
LEFT JOIN compliance.cardholders c
  ON c.tenant_id = a.tenant_id AND c.live_mode = a.live_mode AND c.cardholder_id = a.cardholder_id
WHERE NOT EXISTS (
  SELECT FROM compliance.history h
  WHERE h.tenant_id = a.tenant_id AND h.live_mode = a.live_mode
    AND h.resource = 'cardholder' AND h.resource_id = a.cardholder_id
    AND h.created >= a.created AND (h.created, h.event_id) > (a.created, a.sanctions_alert_id)
    AND h.data -> 'cardholder' ->> 'sanctions_status' IN ('clear', 'cleared')
);
