-- When an admin ended a code: from then on nobody redeems it, and what it was redeemed for before keeps its price. Null:
-- nobody has ended it. Whoever redeems a code asks for that in the statement that counts it, and so holds its row.

ALTER TABLE discount_codes ADD COLUMN ended_at BIGINT;
