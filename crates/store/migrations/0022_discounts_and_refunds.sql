-- A plan's own discount may begin later than it is written down. Its first day, as the last one included; null: it counts as
-- soon as it is there.

ALTER TABLE plans ADD COLUMN discount_from TEXT
  CHECK (discount_from IS NULL OR (discount_until IS NOT NULL AND discount_from <= discount_until));

-- lists of charges for admins, by where their refunds are
CREATE INDEX charge_refunds_by_status ON charge_refunds (status, charge_id);
