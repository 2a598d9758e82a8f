-- The first eight bytes of the SHA-256 of an event's body: a copy with another body is no copy.
-- Rows from before have none, and what has none is compared with nothing.
ALTER TABLE runtime.inbox ADD COLUMN IF NOT EXISTS body_digest bigint;
