-- What a charge is for never changes, and what it came to when it was paid is the last word: a patched row would have a
-- payer verified with another amount, or credited again.

-- only sqlite
CREATE TRIGGER charges_stay BEFORE UPDATE ON charges
WHEN NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.purpose <> OLD.purpose OR NEW.reference IS NOT OLD.reference
  OR NEW.amount <> OLD.amount OR NEW.gateway <> OLD.gateway OR NEW.return_url <> OLD.return_url
  OR NEW.created_at <> OLD.created_at OR NEW.expires_at <> OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'a charge stays what it is'); END;
CREATE TRIGGER charges_stay_completed BEFORE UPDATE ON charges
WHEN OLD.status = 'completed' AND (NEW.status <> 'completed' OR NEW.credited_authority IS NOT OLD.credited_authority
  OR NEW.gateway_reference IS NOT OLD.gateway_reference OR NEW.verified_at IS NOT OLD.verified_at)
BEGIN SELECT RAISE(ABORT, 'a charge is completed once'); END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
BEGIN SELECT RAISE(ABORT, 'charges are not deleted'); END;
CREATE TRIGGER charge_authorities_stay BEFORE UPDATE ON charge_authorities
WHEN NEW.gateway <> OLD.gateway OR NEW.authority <> OLD.authority OR NEW.charge_id <> OLD.charge_id
  OR NEW.pay_url <> OLD.pay_url OR NEW.created_at <> OLD.created_at OR OLD.status IN ('paid', 'extra')
BEGIN SELECT RAISE(ABORT, 'an authority is credited once'); END;
CREATE TRIGGER charge_authorities_no_delete BEFORE DELETE ON charge_authorities
BEGIN SELECT RAISE(ABORT, 'authorities are not deleted'); END;
-- end
-- only postgres
CREATE TRIGGER charges_stay BEFORE UPDATE ON charges FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.purpose <> OLD.purpose
  OR NEW.reference IS DISTINCT FROM OLD.reference
  OR NEW.amount <> OLD.amount OR NEW.gateway <> OLD.gateway OR NEW.return_url <> OLD.return_url
  OR NEW.created_at <> OLD.created_at OR NEW.expires_at <> OLD.expires_at)
EXECUTE FUNCTION ledger_refuse('a charge stays what it is');
CREATE TRIGGER charges_stay_completed BEFORE UPDATE ON charges FOR EACH ROW
WHEN (OLD.status = 'completed' AND (NEW.status <> 'completed'
  OR NEW.credited_authority IS DISTINCT FROM OLD.credited_authority
  OR NEW.gateway_reference IS DISTINCT FROM OLD.gateway_reference OR NEW.verified_at IS DISTINCT FROM OLD.verified_at))
EXECUTE FUNCTION ledger_refuse('a charge is completed once');
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('charges are not deleted');
CREATE TRIGGER charge_authorities_stay BEFORE UPDATE ON charge_authorities FOR EACH ROW
WHEN (NEW.gateway <> OLD.gateway OR NEW.authority <> OLD.authority OR NEW.charge_id <> OLD.charge_id
  OR NEW.pay_url <> OLD.pay_url OR NEW.created_at <> OLD.created_at OR OLD.status IN ('paid', 'extra'))
EXECUTE FUNCTION ledger_refuse('an authority is credited once');
CREATE TRIGGER charge_authorities_no_delete BEFORE DELETE ON charge_authorities
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('authorities are not deleted');
-- a TRUNCATE asks no row
CREATE TRIGGER charges_no_truncate BEFORE TRUNCATE ON charges
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('charges are not deleted');
CREATE TRIGGER charge_authorities_no_truncate BEFORE TRUNCATE ON charge_authorities
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('authorities are not deleted');
CREATE TRIGGER charge_refunds_no_truncate BEFORE TRUNCATE ON charge_refunds
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('refunds are not deleted');
CREATE TRIGGER holds_no_truncate BEFORE TRUNCATE ON holds
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('holds are not deleted');
CREATE TRIGGER payout_batches_no_truncate BEFORE TRUNCATE ON payout_batches
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('a batch stays as it is');
-- end
