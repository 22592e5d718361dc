-- Invoices: numbered from 1 in each Jalali year, without gaps. What must hold is held here, whoever writes: a new one
-- has the number after its year's last, and nothing is changed or deleted.

CREATE TABLE invoice_years (
  -- Jalali
  year BIGINT NOT NULL PRIMARY KEY CHECK (year BETWEEN 1300 AND 1699),
  -- 0: none yet. Its row is held by whoever issues, until the commit
  last_number BIGINT NOT NULL CHECK (last_number >= 0)
) STRICT;

CREATE TABLE invoices (
  id UUID NOT NULL PRIMARY KEY,
  year BIGINT NOT NULL REFERENCES invoice_years (year),
  number BIGINT NOT NULL CHECK (number >= 1),
  user_id UUID NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL CHECK (kind IN ('visit', 'subscription', 'credit_note')),
  -- the visit, or the purchase of a subscription
  reference UUID NOT NULL,
  -- what happened once is billed once
  cause TEXT NOT NULL UNIQUE,
  issued_at BIGINT NOT NULL,
  -- as they were then: JSON, and a name
  seller TEXT NOT NULL,
  buyer TEXT NOT NULL,
  -- a JSON list of { description, quantity, unit_price, amount }; nothing medical
  lines TEXT NOT NULL,
  subtotal BIGINT NOT NULL CHECK (subtotal >= 0),
  discount BIGINT NOT NULL CHECK (discount >= 0),
  insurance_share BIGINT NOT NULL CHECK (insurance_share >= 0),
  -- what costs nothing is not billed
  total BIGINT NOT NULL CHECK (total > 0),
  -- wallet, or a gateway's name
  method TEXT NOT NULL,
  payment_reference TEXT,
  -- the invoice that a credit note corrects
  corrects UUID REFERENCES invoices (id),
  UNIQUE (year, number),
  CHECK (total = subtotal - discount - insurance_share),
  CHECK (corrects IS NULL OR kind = 'credit_note')
) STRICT;
CREATE INDEX invoices_by_user ON invoices (user_id, year, number);
CREATE INDEX invoices_by_corrected ON invoices (corrects, total) WHERE corrects IS NOT NULL;

-- only sqlite
CREATE TRIGGER invoices_follow BEFORE INSERT ON invoices
WHEN NOT EXISTS (SELECT 1 FROM invoice_years y WHERE y.year = NEW.year AND y.last_number + 1 = NEW.number)
BEGIN SELECT RAISE(ABORT, 'an invoice follows the one before'); END;
CREATE TRIGGER invoices_correct BEFORE INSERT ON invoices
WHEN NEW.corrects IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoices o WHERE o.id = NEW.corrects
  AND o.user_id = NEW.user_id AND o.kind <> 'credit_note')
BEGIN SELECT RAISE(ABORT, 'a credit note corrects an invoice of the same user'); END;
CREATE TRIGGER invoices_correct_no_more BEFORE INSERT ON invoices
WHEN NEW.corrects IS NOT NULL AND NEW.total
  + (SELECT coalesce(sum(n.total), 0) FROM invoices n WHERE n.corrects = NEW.corrects)
  > (SELECT o.total FROM invoices o WHERE o.id = NEW.corrects)
BEGIN SELECT RAISE(ABORT, 'credit notes take off no more than was billed'); END;
CREATE TRIGGER invoices_count AFTER INSERT ON invoices
BEGIN UPDATE invoice_years SET last_number = NEW.number WHERE year = NEW.year; END;
CREATE TRIGGER invoices_no_update BEFORE UPDATE ON invoices
BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;
CREATE TRIGGER invoices_no_delete BEFORE DELETE ON invoices
BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;
CREATE TRIGGER invoice_years_begin_empty BEFORE INSERT ON invoice_years
WHEN NEW.last_number <> 0
BEGIN SELECT RAISE(ABORT, 'a year of invoices begins empty'); END;
CREATE TRIGGER invoice_years_follow BEFORE UPDATE ON invoice_years
WHEN NEW.year <> OLD.year OR NEW.last_number <> OLD.last_number + 1
  OR NOT EXISTS (SELECT 1 FROM invoices i WHERE i.year = OLD.year AND i.number = NEW.last_number)
BEGIN SELECT RAISE(ABORT, 'the last number is that of the last invoice'); END;
CREATE TRIGGER invoice_years_no_delete BEFORE DELETE ON invoice_years
BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;
-- end
-- only postgres
CREATE FUNCTION invoices_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
CREATE FUNCTION invoices_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM invoice_years y WHERE y.year = NEW.year AND y.last_number + 1 = NEW.number) THEN
    RAISE EXCEPTION 'an invoice follows the one before';
  END IF;
  IF NEW.corrects IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoices o WHERE o.id = NEW.corrects
      AND o.user_id = NEW.user_id AND o.kind <> 'credit_note') THEN
    RAISE EXCEPTION 'a credit note corrects an invoice of the same user';
  END IF;
  IF NEW.corrects IS NOT NULL AND NEW.total
      + (SELECT coalesce(sum(n.total), 0) FROM invoices n WHERE n.corrects = NEW.corrects)
      > (SELECT o.total FROM invoices o WHERE o.id = NEW.corrects) THEN
    RAISE EXCEPTION 'credit notes take off no more than was billed';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION invoices_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE invoice_years SET last_number = NEW.number WHERE year = NEW.year;
  RETURN NULL;
END $$;
CREATE FUNCTION invoice_years_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.year <> OLD.year OR NEW.last_number <> OLD.last_number + 1
    OR NOT EXISTS (SELECT 1 FROM invoices i WHERE i.year = OLD.year AND i.number = NEW.last_number) THEN
    RAISE EXCEPTION 'the last number is that of the last invoice';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoices_follow BEFORE INSERT ON invoices
FOR EACH ROW EXECUTE FUNCTION invoices_follow();
CREATE TRIGGER invoices_count AFTER INSERT ON invoices
FOR EACH ROW EXECUTE FUNCTION invoices_count();
CREATE TRIGGER invoices_no_change BEFORE UPDATE OR DELETE ON invoices
FOR EACH ROW EXECUTE FUNCTION invoices_refuse('invoices are append-only');
CREATE TRIGGER invoices_no_truncate BEFORE TRUNCATE ON invoices
FOR EACH STATEMENT EXECUTE FUNCTION invoices_refuse('invoices are append-only');
CREATE TRIGGER invoice_years_begin_empty BEFORE INSERT ON invoice_years
FOR EACH ROW WHEN (NEW.last_number <> 0)
EXECUTE FUNCTION invoices_refuse('a year of invoices begins empty');
CREATE TRIGGER invoice_years_follow BEFORE UPDATE ON invoice_years
FOR EACH ROW EXECUTE FUNCTION invoice_years_follow();
CREATE TRIGGER invoice_years_no_delete BEFORE DELETE ON invoice_years
FOR EACH ROW EXECUTE FUNCTION invoices_refuse('invoices are append-only');
CREATE TRIGGER invoice_years_no_truncate BEFORE TRUNCATE ON invoice_years
FOR EACH STATEMENT EXECUTE FUNCTION invoices_refuse('invoices are append-only');
-- end
