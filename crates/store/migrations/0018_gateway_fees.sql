-- What a gateway tells of a payment besides that it was made, for admins. Written with its crediting and never again: what is
-- credited stays.

-- the payer's, its middle masked; none where the gateway doesn't tell it
ALTER TABLE charge_authorities ADD COLUMN card TEXT
  CHECK (card IS NULL OR (length(card) <= 32 AND status IN ('paid', 'extra')));
-- what the gateway keeps of it, in Rials; none where it doesn't tell it
ALTER TABLE charge_authorities ADD COLUMN fee BIGINT
  CHECK (fee IS NULL OR (fee >= 0 AND status IN ('paid', 'extra')));
