-- The current state of each resource of the domain, and the history of its events.
CREATE SCHEMA IF NOT EXISTS card;

CREATE TABLE IF NOT EXISTS card.cards (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  card_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  status text,
  card_type text,
  cardholder_id text,
  program_id text,
  tracking_number text,
  suspend_reason text,
  terminate_reason text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, card_id)
);
CREATE INDEX IF NOT EXISTS cards_by_cardholder_id ON card.cards (tenant_id, live_mode, cardholder_id);

CREATE TABLE IF NOT EXISTS card.transactions (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  transaction_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  status text,
  card_id text,
  amount_cents bigint,
  currency text,
  merchant_name text,
  merchant_category text,
  decline_reason text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, transaction_id)
);
CREATE INDEX IF NOT EXISTS transactions_by_card_id ON card.transactions (tenant_id, live_mode, card_id);

CREATE TABLE IF NOT EXISTS card.disputes (
  tenant_id text COLLATE "C" NOT NULL,
  live_mode boolean NOT NULL,
  dispute_id text COLLATE "C" NOT NULL,
  api_version text NOT NULL,
  last_event_id text COLLATE "C" NOT NULL,
  last_event_type text NOT NULL,
  created timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  status text,
  transaction_id text,
  amount_cents bigint,
  currency text,
  reason text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live_mode, dispute_id)
);
CREATE INDEX IF NOT EXISTS disputes_by_transaction_id ON card.disputes (tenant_id, live_mode, transaction_id);

-- Append only: one row an event, also of types that nobody knew. `data` is as sent.
CREATE TABLE IF NOT EXISTS card.history (
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
  ON card.history (tenant_id, live_mode, resource_id, created);
