-- Money that comes in through a gateway (D33). A charge is one wish to pay; its authorities are the gateway's names for
-- it, and all are kept. A charge is credited once; whatever its state, money that a gateway has taken is credited.

CREATE TABLE charges (
  id UUID NOT NULL PRIMARY KEY,
  -- whose money it is
  user_id UUID NOT NULL REFERENCES users (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('wallet', 'visit', 'subscription')),
  -- the visit, or the purchase of a subscription
  reference UUID CHECK ((purpose = 'wallet') = (reference IS NULL)),
  -- what is verified with the gateway, whatever a browser says
  amount BIGINT NOT NULL CHECK (amount > 0),
  gateway TEXT NOT NULL,
  return_url TEXT NOT NULL,
  -- failed and expired are not the last word: money that comes later completes it
  status TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'expired')),
  -- of what was credited
  credited_authority TEXT,
  gateway_reference TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL CHECK (expires_at > created_at),
  -- when the gateway was last asked
  checked_at BIGINT,
  -- when the sweep asks next; none: never again
  check_at BIGINT,
  -- when the gateway has said that the money is ours
  verified_at BIGINT,
  CHECK (purpose <> 'wallet' OR amount BETWEEN 1000 AND 500000000),
  CHECK ((status = 'completed') = (credited_authority IS NOT NULL)),
  CHECK ((status = 'completed') = (verified_at IS NOT NULL))
) STRICT;
CREATE INDEX charges_due ON charges (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX charges_by_reference ON charges (reference, created_at) WHERE reference IS NOT NULL;
CREATE INDEX charges_by_user ON charges (user_id, created_at);
-- BitPay's number of a payment comes from a browser, and its plainest answer doesn't say what it is of: it pays once
CREATE UNIQUE INDEX charges_once_by_bitpay ON charges (gateway, gateway_reference)
  WHERE gateway = 'bitpay' AND status = 'completed';

CREATE TABLE charge_authorities (
  gateway TEXT NOT NULL,
  authority TEXT NOT NULL,
  charge_id UUID NOT NULL REFERENCES charges (id),
  -- extra: paid, after another one of the same charge; its money is in the wallet
  status TEXT NOT NULL CHECK (status IN ('requested', 'paid', 'failed', 'unknown', 'extra')),
  pay_url TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (gateway, authority)
) STRICT;
CREATE INDEX charge_authorities_by_charge ON charge_authorities (charge_id);
CREATE UNIQUE INDEX charge_authorities_one_paid ON charge_authorities (charge_id) WHERE status = 'paid';

-- What browsers brought while the gateway had no clear answer: some can't be asked again without it. Anybody can write
-- it: it proves nothing.
CREATE TABLE charge_callbacks (
  gateway TEXT NOT NULL,
  authority TEXT NOT NULL,
  extra TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (gateway, authority, extra),
  FOREIGN KEY (gateway, authority) REFERENCES charge_authorities (gateway, authority)
) STRICT;

-- What the development gateway knows: as far from the charges as a real one's.
CREATE TABLE sandbox_orders (
  authority TEXT NOT NULL PRIMARY KEY,
  charge_id UUID NOT NULL,
  amount BIGINT NOT NULL,
  description TEXT NOT NULL,
  callback_url TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'late', 'succeeded', 'failed', 'reversed')),
  verified BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
) STRICT;
CREATE INDEX sandbox_orders_by_charge ON sandbox_orders (charge_id);
