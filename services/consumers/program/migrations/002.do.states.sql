-- States and milestones. Where the column of a milestone is null, no such event has been seen.
ALTER TABLE program.programs
  ADD COLUMN IF NOT EXISTS state text,
  ADD COLUMN IF NOT EXISTS state_since timestamptz,
  ADD COLUMN IF NOT EXISTS state_event_id text COLLATE "C",
  ADD COLUMN IF NOT EXISTS activated_at timestamptz,
  ADD COLUMN IF NOT EXISTS suspended_at timestamptz;
