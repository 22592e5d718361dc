-- When an admin ended a code: from then on nobody redeems it, and what it was redeemed for before keeps its price. Null:
-- nobody has ended it. Whoever redeems a code asks for that in the statement that counts it, and so holds its row.

ALTER TABLE discount_codes ADD COLUMN ended_at BIGINT;

-- also for nodes that know nothing of ends yet, while they are replaced one by one; what comes to nothing is given back
-- only sqlite
CREATE TRIGGER discount_codes_stay_ended BEFORE UPDATE ON discount_codes
WHEN OLD.ended_at IS NOT NULL AND (NEW.ended_at IS NOT OLD.ended_at OR NEW.redeemed > OLD.redeemed)
BEGIN SELECT RAISE(ABORT, 'the code has ended'); END;
-- end
-- only postgres
CREATE TRIGGER discount_codes_stay_ended BEFORE UPDATE ON discount_codes FOR EACH ROW
WHEN (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.redeemed > OLD.redeemed))
EXECUTE FUNCTION ledger_refuse('the code has ended');
-- end
