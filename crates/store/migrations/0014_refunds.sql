-- Charges that are given back. A refund takes the money out of the user's wallet into a hold before the gateway is asked,
-- and it is open until the gateway has given a clear answer: whatever breaks between, nothing is lost and nothing is
-- given twice.

CREATE TABLE charge_refunds (
  id UUID NOT NULL PRIMARY KEY,
  charge_id UUID NOT NULL REFERENCES charges (id),
  gateway TEXT NOT NULL,
  -- whose payment is given back: one of the charge's that was credited
  authority TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  -- wallet: the gateway can't; nothing was taken
  way TEXT NOT NULL CHECK (way IN ('reverse', 'refund', 'wallet')),
  -- refunding: the gateway is being asked; refunded: the payer has it; in_wallet: it is the user's to spend, as before
  status TEXT NOT NULL CHECK (status IN ('refunding', 'refunded', 'in_wallet')),
  hold_id UUID UNIQUE REFERENCES holds (id),
  -- how often the gateway had no clear answer
  attempts BIGINT NOT NULL CHECK (attempts >= 0),
  -- the gateway's code, for admins
  answer TEXT,
  -- when the gateway was last asked, or may have been
  asked_at BIGINT,
  -- when it is asked again
  check_at BIGINT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT,
  FOREIGN KEY (gateway, authority) REFERENCES charge_authorities (gateway, authority),
  CHECK ((way = 'wallet') = (hold_id IS NULL)),
  CHECK ((way = 'wallet') = (asked_at IS NULL)),
  CHECK (way <> 'wallet' OR status = 'in_wallet'),
  CHECK ((status = 'refunding') = (check_at IS NOT NULL)),
  CHECK ((status = 'refunding') = (ended_at IS NULL))
) STRICT;
CREATE INDEX charge_refunds_by_charge ON charge_refunds (charge_id, created_at);
CREATE INDEX charge_refunds_by_authority ON charge_refunds (gateway, authority);
CREATE UNIQUE INDEX charge_refunds_one_open ON charge_refunds (gateway, authority) WHERE status = 'refunding';
CREATE INDEX charge_refunds_due ON charge_refunds (check_at) WHERE check_at IS NOT NULL;

-- lists of charges for admins, newest first: ids are in the order of time
CREATE INDEX charges_by_status ON charges (status, id);
CREATE INDEX charges_by_gateway ON charges (gateway, id);

-- only sqlite
CREATE TRIGGER charge_refunds_fit BEFORE INSERT ON charge_refunds
WHEN NEW.status <> 'in_wallet' AND NOT EXISTS (
  SELECT 1 FROM charge_authorities a JOIN charges c ON c.id = a.charge_id
  WHERE a.gateway = NEW.gateway AND a.authority = NEW.authority AND a.charge_id = NEW.charge_id
    AND a.status IN ('paid', 'extra')
    AND c.amount >= NEW.amount + (
      SELECT coalesce(sum(r.amount), 0) FROM charge_refunds r
      WHERE r.gateway = NEW.gateway AND r.authority = NEW.authority AND r.status <> 'in_wallet'))
BEGIN SELECT RAISE(ABORT, 'no more is given back than was paid'); END;
CREATE TRIGGER charge_refunds_stay_ended BEFORE UPDATE ON charge_refunds
WHEN OLD.status <> 'refunding' OR NEW.id <> OLD.id OR NEW.charge_id <> OLD.charge_id OR NEW.gateway <> OLD.gateway
  OR NEW.authority <> OLD.authority OR NEW.amount <> OLD.amount OR NEW.way <> OLD.way OR NEW.hold_id <> OLD.hold_id
BEGIN SELECT RAISE(ABORT, 'a refund ends once'); END;
CREATE TRIGGER charge_refunds_no_delete BEFORE DELETE ON charge_refunds
BEGIN SELECT RAISE(ABORT, 'refunds are not deleted'); END;
-- end
-- only postgres
CREATE FUNCTION charge_refunds_fit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM charge_authorities a JOIN charges c ON c.id = a.charge_id
    WHERE a.gateway = NEW.gateway AND a.authority = NEW.authority AND a.charge_id = NEW.charge_id
      AND a.status IN ('paid', 'extra')
      AND c.amount >= NEW.amount + (
        SELECT coalesce(sum(r.amount), 0) FROM charge_refunds r
        WHERE r.gateway = NEW.gateway AND r.authority = NEW.authority AND r.status <> 'in_wallet')) THEN
    RAISE EXCEPTION 'no more is given back than was paid';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER charge_refunds_fit BEFORE INSERT ON charge_refunds FOR EACH ROW
WHEN (NEW.status <> 'in_wallet')
EXECUTE FUNCTION charge_refunds_fit();
CREATE TRIGGER charge_refunds_stay_ended BEFORE UPDATE ON charge_refunds FOR EACH ROW
WHEN (OLD.status <> 'refunding' OR NEW.id <> OLD.id OR NEW.charge_id <> OLD.charge_id OR NEW.gateway <> OLD.gateway
  OR NEW.authority <> OLD.authority OR NEW.amount <> OLD.amount OR NEW.way <> OLD.way OR NEW.hold_id <> OLD.hold_id)
EXECUTE FUNCTION ledger_refuse('a refund ends once');
CREATE TRIGGER charge_refunds_no_delete BEFORE DELETE ON charge_refunds
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('refunds are not deleted');
-- end
