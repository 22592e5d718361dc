//! What must hold of visits, their times and their payments, whatever has raced.

use db::{Db, sql};

/// No two live visits overlap (but for those that an admin put on top), every live visit has its times and nobody else
/// has any, what took place was paid, and what was paid and given back is written down.
pub(crate) async fn assert_whole(db: &Db) {
    let broken = [
        (
            "visits of a doctor overlap",
            sql!(
                "SELECT count(*) FROM visits a JOIN visits b ON b.doctor_id = a.doctor_id AND b.lane = a.lane
                   AND b.id <> a.id AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
                 WHERE a.status IN ('pending', 'confirmed', 'in_progress')
                   AND b.status IN ('pending', 'confirmed', 'in_progress')"
            ),
        ),
        (
            "visits of a patient overlap",
            sql!(
                "SELECT count(*) FROM visits a JOIN visits b ON b.patient_id = a.patient_id
                   AND b.id <> a.id AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
                 WHERE a.status IN ('pending', 'confirmed', 'in_progress')
                   AND b.status IN ('pending', 'confirmed', 'in_progress')"
            ),
        ),
        (
            "times of a doctor are held by no live visit",
            sql!(
                "SELECT count(*) FROM doctor_times t LEFT JOIN visits v ON v.id = t.visit_id
                   AND v.doctor_id = t.doctor_id AND v.lane = t.lane
                   AND v.starts_at <= t.bucket * 300000000 AND t.bucket * 300000000 < v.ends_at
                   AND v.status IN ('pending', 'confirmed', 'in_progress')
                 WHERE v.id IS NULL"
            ),
        ),
        (
            "times of a patient are held by no live visit",
            sql!(
                "SELECT count(*) FROM patient_times t LEFT JOIN visits v ON v.id = t.visit_id
                   AND v.patient_id = t.patient_id
                   AND v.starts_at <= t.bucket * 300000000 AND t.bucket * 300000000 < v.ends_at
                   AND v.status IN ('pending', 'confirmed', 'in_progress')
                 WHERE v.id IS NULL"
            ),
        ),
        (
            "live visits lack times of their doctor",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.status IN ('pending', 'confirmed', 'in_progress')
                   AND (v.ends_at - v.starts_at) / 300000000
                     <> (SELECT count(*) FROM doctor_times t WHERE t.visit_id = v.id)"
            ),
        ),
        (
            "live visits lack times of their patient",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.status IN ('pending', 'confirmed', 'in_progress')
                   AND (v.ends_at - v.starts_at) / 300000000
                     <> (SELECT count(*) FROM patient_times t WHERE t.visit_id = v.id)"
            ),
        ),
        (
            "visits stand unpaid",
            sql!(
                "SELECT count(*) FROM visits
                 WHERE status IN ('confirmed', 'in_progress', 'completed', 'no_show') AND paid <> patient_share"
            ),
        ),
        (
            "visits were paid, and nobody wrote it down",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.paid > 0 AND NOT EXISTS (SELECT 1 FROM visit_payments p
                   WHERE p.visit_id = v.id AND p.kind = 'payment' AND p.amount = v.paid)"
            ),
        ),
        (
            "visits were refunded, and nobody wrote it down",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.refunded > 0 AND NOT EXISTS (SELECT 1 FROM visit_payments p
                   WHERE p.visit_id = v.id AND p.kind = 'refund' AND p.amount = v.refunded)"
            ),
        ),
        (
            "payments and refunds changed no visit",
            sql!(
                "SELECT count(*) FROM visit_payments p JOIN visits v ON v.id = p.visit_id
                 WHERE (p.kind = 'payment' AND p.amount <> v.paid) OR (p.kind = 'refund' AND p.amount <> v.refunded)"
            ),
        ),
    ];
    for (what, count) in broken {
        let found: Option<(i64,)> = db.one(count, &[]).await.unwrap();
        assert_eq!(found, Some((0,)), "{what}");
    }
}
