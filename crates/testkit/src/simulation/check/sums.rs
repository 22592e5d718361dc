//! What the ledger is compared with, summed from the rows beside it: in Rials, or how many of them are at fault.

use db::Sql;

use super::both;

pub(super) const ESCROW: Sql = both(
    "SELECT CAST(coalesce(sum(paid), 0) AS BIGINT) FROM visits WHERE status IN ('confirmed', 'in_progress')",
);
pub(super) const SUBSCRIPTIONS: Sql = both(
    "SELECT CAST(coalesce(sum(total - returned), 0) AS BIGINT) FROM subscription_purchases WHERE status = 'paid'",
);
pub(super) const MISCOUNTED_CODES: Sql = both(
    "SELECT count(*) FROM discount_codes d
     WHERE d.redeemed <> (SELECT count(*) FROM code_redemptions r WHERE r.code = d.code)
        OR (d.total_cap IS NOT NULL AND d.redeemed > d.total_cap)",
);
pub(super) const CODES_USED_TOO_OFTEN: Sql = both(
    "SELECT count(*) FROM (SELECT code, user_id, count(*) AS times FROM code_redemptions GROUP BY code, user_id) u
     JOIN discount_codes d ON d.code = u.code WHERE u.times > d.per_user_cap",
);

// each payout's money is where its state says, and was posted as often as it says
pub(super) const PAYOUTS_ASTRAY: Sql = both(
    "SELECT count(*) FROM payouts p JOIN holds h ON h.id = p.hold_id
     WHERE CASE
       WHEN h.user_id <> p.doctor_id OR h.amount <> p.amount THEN 1
       WHEN (SELECT count(*) FROM ledger_postings l WHERE l.reference = p.id AND l.kind = 'payout')
         <> CASE WHEN p.status IN ('exported', 'paid', 'returned') THEN 1 ELSE 0 END THEN 1
       WHEN (SELECT count(*) FROM ledger_postings l WHERE l.reference = p.id AND l.kind = 'payout_returned')
         <> CASE WHEN p.status = 'returned' THEN 1 ELSE 0 END THEN 1
       WHEN p.status IN ('requested', 'approved') AND h.status = 'open' THEN 0
       WHEN p.status IN ('exported', 'paid', 'returned') AND h.status = 'posted' AND h.posted = p.amount THEN 0
       WHEN p.status IN ('rejected', 'cancelled') AND h.status = 'voided' THEN 0
       ELSE 1 END = 1",
);
pub(super) const PAID_OUT: Sql =
    both("SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM payouts WHERE status IN ('exported', 'paid')");
pub(super) const MISCOUNTED_BATCHES: Sql = both(
    "SELECT count(*) FROM payout_batches b
     WHERE b.payouts <> (SELECT count(*) FROM payouts p WHERE p.batch_id = b.id)
        OR b.total <> (SELECT coalesce(sum(p.amount), 0) FROM payouts p WHERE p.batch_id = b.id)
        OR b.number > (SELECT count(*) FROM payout_batches)",
);

pub(super) const REFUNDS_ASTRAY: Sql = both(
    "SELECT count(*) FROM charge_refunds r LEFT JOIN holds h ON h.id = r.hold_id
     WHERE CASE
       WHEN r.status = 'refunding' AND h.status = 'open' AND h.amount = r.amount THEN 0
       WHEN r.status = 'refunded' AND h.status = 'posted' AND h.posted = r.amount THEN 0
       WHEN r.status = 'in_wallet' AND (r.way = 'wallet' OR h.status = 'voided') THEN 0
       ELSE 1 END = 1",
);
pub(super) const REFUNDED_TOO_MUCH: Sql = both(
    "SELECT count(*) FROM (SELECT charge_id, gateway, authority, sum(amount) AS given FROM charge_refunds
       WHERE status <> 'in_wallet' GROUP BY charge_id, gateway, authority) g
     JOIN charges c ON c.id = g.charge_id WHERE g.given > c.amount",
);
pub(super) const REFUNDED: Sql = Sql {
    sqlite: "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM charge_refunds
             WHERE gateway = ?1 AND status = 'refunded'",
    postgres: "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM charge_refunds
               WHERE gateway = $1 AND status = 'refunded'",
};

// of all that is blocked; of what payouts block; of what refunds block
pub(super) const BLOCKED: Sql = both(
    "SELECT CAST((SELECT coalesce(sum(balance), 0) FROM ledger_accounts WHERE kind = 'hold')
       - (SELECT coalesce(sum(amount), 0) FROM holds WHERE status = 'open') AS BIGINT)",
);
pub(super) const BLOCKED_BY_PAYOUTS: Sql = both(
    "SELECT CAST((SELECT coalesce(sum(amount), 0) FROM holds WHERE status = 'open' AND purpose = 'payout')
       - (SELECT coalesce(sum(amount), 0) FROM payouts WHERE status IN ('requested', 'approved')) AS BIGINT)",
);
pub(super) const BLOCKED_BY_REFUNDS: Sql = both(
    "SELECT CAST((SELECT coalesce(sum(amount), 0) FROM holds WHERE status = 'open' AND purpose = 'charge_refund')
       - (SELECT coalesce(sum(amount), 0) FROM charge_refunds WHERE status = 'refunding') AS BIGINT)",
);

pub(super) const YEARS_WITH_GAPS: Sql = both(
    "SELECT count(*) FROM invoice_years y
     WHERE y.last_number <> (SELECT count(*) FROM invoices i WHERE i.year = y.year)
        OR y.last_number <> (SELECT coalesce(max(i.number), 0) FROM invoices i WHERE i.year = y.year)",
);
