//! The kinds of operations, how often each comes, and how one of a kind is chosen.
//!
//! To add one: a line in `kinds!`, a way to do it in `acts.rs`, an arm in [`World::plan`]. What it moves must be told by
//! its [`Expect`](super::outcome::Expect), and what it means at the end by `check.rs`.

use std::sync::Arc;

use app::App;
use domain::{
    Clock as _, Phone, SignedDuration, Timestamp, ids::UserId, ledger::Account, subscription::Worth,
};

use super::{
    acts,
    drive::Work,
    gateway::{GATEWAYS, Key, authority, params},
    outcome::{Outcome, Stage},
    requests::{Request, Sent, rials, send},
    world::{Charge, Visit, World},
};

macro_rules! kinds {
    ($($kind:ident $name:literal $weight:literal),+ $(,)?) => {
        /// What can happen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($kind),+ }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }

            /// How often it comes, beside the others.
            const fn weight(self) -> usize {
                match self { $(Self::$kind => $weight),+ }
            }
        }
    };
}

kinds! {
    Give "give" 5,
    Charge "charge" 10,
    BadCharge "bad charge" 1,
    Again "the same again" 7,
    SecondAuthority "second authority" 1,
    Pay "pay at the gateway" 14,
    Leave "fail at the gateway" 3,
    Callback "callback" 14,
    Forge "forged callback" 4,
    Poll "poll a charge" 6,
    Pry "read another's charge" 1,
    Sweep "sweep" 4,
    Book "book a visit" 9,
    PayVisit "pay a visit" 9,
    PayOnline "pay a visit online" 5,
    CancelVisit "cancel a visit" 3,
    DoctorCancels "doctor cancels" 1,
    AdminCancels "admin cancels" 1,
    Begin "begin a visit" 5,
    Complete "complete a visit" 4,
    Miss "no-show" 2,
    Buy "buy a plan" 4,
    BuyOnline "order a plan online" 3,
    Checkout "pay a plan online" 4,
    StopRenewing "stop renewing" 1,
    NewCode "new code" 1,
    Renew "renew" 2,
    GiveUp "give up unpaid" 1,
    PlaceHold "place a hold" 5,
    PostHold "post a hold" 3,
    VoidHold "void a hold" 2,
    ExpireHolds "expire holds" 2,
    ExpireVisits "expire visits" 1,
    Jobs "jobs" 1,
    Cron "cron" 1,
    VerifyALittle "verify a little" 1,
    Forget "forget old answers" 1,
    ReadWallet "read a wallet" 4,
    Tick "clock" 12,
    Leap "clock far ahead" 2,
    NewPatient "new patient" 1,
    AskPayout "ask for a payout" 6,
    CancelPayout "cancel a payout" 3,
    ApprovePayout "approve a payout" 5,
    RejectPayout "reject a payout" 3,
    ExportPayouts "batch of payouts" 3,
    PayoutPaid "payout paid" 3,
    PayoutReturned "payout returned" 3,
    Refund "refund a charge" 11,
    FinishRefunds "finish refunds" 3,
}

impl Kind {
    /// Whether several of these make sense at once. What starts tasks of its own, or moves the clock, is by itself: the
    /// order of its tasks is not ours to decide.
    pub(super) const fn is_social(self) -> bool {
        !matches!(
            self,
            Self::Sweep
                | Self::FinishRefunds
                | Self::Jobs
                | Self::Cron
                | Self::VerifyALittle
                | Self::Tick
                | Self::Leap
                | Self::NewPatient
        )
    }

    /// Whether it can be cut off. Tasks that are let go would run beside what comes next.
    pub(super) const fn may_be_cut(self) -> bool {
        !matches!(
            self,
            Self::Jobs | Self::Cron | Self::VerifyALittle | Self::Tick | Self::Leap | Self::NewPatient
        )
    }
}

/// What is done at once to one visit, charge, user, hold or plan.
pub(super) const THEMES: &[&[Kind]] = &[
    &[
        Kind::PayVisit,
        Kind::PayVisit,
        Kind::CancelVisit,
        Kind::PayOnline,
        Kind::DoctorCancels,
        Kind::AdminCancels,
        Kind::ExpireVisits,
    ],
    &[Kind::Callback, Kind::Callback, Kind::Poll, Kind::Forge, Kind::Callback, Kind::Poll],
    &[Kind::PayVisit, Kind::Buy, Kind::PlaceHold, Kind::PlaceHold, Kind::Charge, Kind::ReadWallet],
    &[Kind::PostHold, Kind::VoidHold, Kind::ExpireHolds, Kind::PostHold],
    &[Kind::Buy, Kind::BuyOnline, Kind::Checkout, Kind::StopRenewing, Kind::Renew, Kind::GiveUp],
    &[Kind::Begin, Kind::Complete, Kind::Miss, Kind::DoctorCancels, Kind::Complete],
    &[Kind::AskPayout, Kind::AskPayout, Kind::ExportPayouts, Kind::Complete],
    &[
        Kind::ApprovePayout,
        Kind::CancelPayout,
        Kind::RejectPayout,
        Kind::ApprovePayout,
        Kind::ExportPayouts,
        Kind::ExportPayouts,
        Kind::PayoutPaid,
        Kind::PayoutReturned,
    ],
    &[Kind::Refund, Kind::Refund, Kind::Callback, Kind::Poll, Kind::Refund, Kind::Forge],
];

/// All kinds, each as often as its weight says.
pub(super) fn deck() -> Vec<Kind> {
    Kind::ALL.iter().flat_map(|kind| std::iter::repeat_n(*kind, kind.weight())).collect()
}

/// An operation that is about to happen.
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) node: usize,
    /// For people who look into a failure.
    pub(super) about: String,
    pub(super) work: Work,
    pub(super) again: Option<Again>,
}

/// That it was asked for before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    /// It was answered then.
    pub(super) was_answered: bool,
    /// With another body.
    pub(super) other_body: bool,
}

impl World {
    /// One of this kind; none where there is nothing to do it to.
    pub(super) fn plan(&mut self, kind: Kind) -> Option<Plan> {
        match kind {
            Kind::Give => self.give(),
            Kind::Charge => self.charge(),
            Kind::BadCharge => self.bad_charge(),
            Kind::Again => self.again(),
            Kind::SecondAuthority => self.second_authority(),
            Kind::Pay | Kind::Leave => self.press(kind),
            Kind::Callback => self.callback(),
            Kind::Forge => self.forge(),
            Kind::Poll | Kind::Pry => self.poll(kind),
            Kind::Book => self.book(),
            Kind::PayVisit => self.pay_visit(),
            Kind::PayOnline => self.pay_online(),
            Kind::CancelVisit => self.cancel_visit(),
            Kind::DoctorCancels | Kind::AdminCancels => self.withdraw(kind),
            Kind::Begin | Kind::Complete | Kind::Miss => self.lead(kind),
            Kind::Buy | Kind::BuyOnline => Some(self.buy(kind)),
            Kind::Checkout => self.checkout(),
            Kind::StopRenewing => self.stop_renewing(),
            Kind::NewCode => Some(self.new_code()),
            Kind::PlaceHold => self.place_hold(),
            Kind::PostHold | Kind::VoidHold => self.end_hold(kind),
            Kind::ReadWallet => self.read_wallet(),
            Kind::AskPayout => self.ask_payout(),
            Kind::CancelPayout
            | Kind::ApprovePayout
            | Kind::RejectPayout
            | Kind::PayoutPaid
            | Kind::PayoutReturned => self.step_payout(kind),
            Kind::ExportPayouts => Some(self.export_payouts()),
            Kind::Refund => self.refund(),
            Kind::Tick | Kind::Leap => Some(self.move_clock(kind)),
            Kind::NewPatient => Some(self.new_patient()),
            Kind::Sweep
            | Kind::Renew
            | Kind::GiveUp
            | Kind::ExpireHolds
            | Kind::ExpireVisits
            | Kind::Jobs
            | Kind::Cron
            | Kind::VerifyALittle
            | Kind::FinishRefunds
            | Kind::Forget => Some(self.upkeep(kind)),
        }
    }

    /// On one node or the other.
    fn on_a_node(&mut self, kind: Kind, about: String, make: impl FnOnce(Arc<App>) -> Work) -> Plan {
        let node = self.dice.below(self.nodes.len());
        let work = make(Arc::clone(&self.nodes[node]));
        Plan { kind, node, about, work, again: None }
    }

    /// A request, under a key of its own most of the time.
    pub(super) fn ask(&mut self, kind: Kind, about: String, request: Request) -> Plan {
        let key = self.dice.chance(70).then(|| self.new_key());
        if let Some(key) = &key {
            self.save(key, &request);
        }
        let sent = Sent { request, key, other_body: false };
        self.on_a_node(kind, about, |app| send(app, sent))
    }

    fn upkeep(&mut self, kind: Kind) -> Plan {
        self.on_a_node(kind, String::new(), |app| match kind {
            Kind::Sweep => Box::pin(acts::sweep(app)),
            Kind::Renew => Box::pin(acts::renew(app)),
            Kind::GiveUp => Box::pin(acts::give_up(app)),
            Kind::ExpireHolds => Box::pin(acts::expire_holds(app)),
            Kind::ExpireVisits => Box::pin(acts::expire_visits(app)),
            Kind::Jobs => Box::pin(acts::jobs(app)),
            Kind::Cron => Box::pin(acts::cron(app)),
            Kind::VerifyALittle => Box::pin(acts::verify_a_little(app)),
            Kind::FinishRefunds => Box::pin(acts::finish_refunds(app)),
            _ => Box::pin(acts::forget(app)),
        })
    }

    fn give(&mut self) -> Option<Plan> {
        // doctors too: what they earn is rare
        let user = if self.dice.chance(30) { self.dice.one(&self.doctors) } else { self.some_patient()? };
        let (amount, number) = (self.dice.between(1, 2_000_000), self.count_up());
        let about = format!("{amount} to {user}");
        Some(self.on_a_node(Kind::Give, about, |app| Box::pin(acts::give(app, user, amount, number))))
    }

    fn charge(&mut self) -> Option<Plan> {
        let request = self.new_charge()?;
        let about = format!("{request:?}");
        Some(self.ask(Kind::Charge, about, request))
    }

    /// The wish to charge a wallet.
    pub(super) fn new_charge(&mut self) -> Option<Request> {
        let user = self.some_patient()?;
        let amount = if self.dice.chance(20) { self.dice.between(1_000, 9_999) } else { self.some_amount() };
        Some(Request::Charge { user, amount, gateway: self.some_gateway(), return_url: None })
    }

    fn bad_charge(&mut self) -> Option<Plan> {
        let (user, other) = (self.some_patient()?, self.dice.chance(50));
        let about = user.to_string();
        Some(self.on_a_node(Kind::BadCharge, about, |app| Box::pin(acts::bad_charge(app, user, other))))
    }

    /// A client sends what it has sent before; or something else under the same key.
    fn again(&mut self) -> Option<Plan> {
        let now = self.clock.now();
        // answers are kept for a day at least
        self.saved.retain(|saved| now < saved.at + SignedDuration::from_hours(24));
        let at = self.some_index(self.saved.len())?;
        let saved = self.saved[at].clone();
        let other_body = self.dice.chance(30);
        let again =
            Again { was_answered: saved.answer.is_some(), other_body: other_body != saved.other_body };
        let about = format!("{again:?} {} {:?}", saved.key, saved.request);
        let sent = Sent { request: saved.request, key: Some(saved.key), other_body };
        let plan = self.on_a_node(Kind::Again, about, |app| send(app, sent));
        Some(Plan { again: Some(again), ..plan })
    }

    fn second_authority(&mut self) -> Option<Plan> {
        let young = self.clock.now() - SignedDuration::from_mins(5);
        let is_young = |charge: &Charge| charge.at >= young;
        let charge = self.some_charge(is_young).filter(is_young)?;
        let bank = Arc::clone(&self.bank);
        let about = format!("of charge {}", charge.id);
        Some(self.on_a_node(Kind::SecondAuthority, about, |app| {
            Box::pin(acts::second_authority(app, bank, charge.key, charge.user))
        }))
    }

    /// Somebody pays, or fails to; then so many browsers come back, or none.
    fn press(&mut self, kind: Kind) -> Option<Plan> {
        let at = self.some_index(self.pages.len())?;
        let key = self.pages[at];
        let succeed = kind == Kind::Pay;
        if succeed {
            self.pages.swap_remove(at);
        }
        let copies = match self.dice.between(1, 10) {
            1..=3 => 0,
            4..=7 => 1,
            8..=9 => 2,
            _ => 3,
        };
        let bank = Arc::clone(&self.bank);
        let about = name_of(key);
        Some(
            self.on_a_node(kind, about, |_| {
                Box::pin(async move { acts::press(&bank, key, succeed, copies) })
            }),
        )
    }

    /// Any of those that are on their way: late, and in any order.
    fn callback(&mut self) -> Option<Plan> {
        let (key, claims_ok) = if self.focus.is_some() {
            (self.some_charge(|_| true)?.key, true)
        } else {
            let at = self.some_index(self.returning.len())?;
            self.returning.swap_remove(at)
        };
        let mut params = params(key, claims_ok, self.dice.throw() % 3);
        // the address that the gateway was given names the charge; some lose it
        if self.dice.chance(80)
            && let Some(charge) = self.bank.with(|truth| truth.order(key).map(|order| order.charge))
        {
            params.push(("charge".to_owned(), charge.to_string()));
        }
        let about = name_of(key);
        Some(
            self.on_a_node(Kind::Callback, about, |app| {
                Box::pin(acts::callback(app, GATEWAYS[key.0], params))
            }),
        )
    }

    /// Somebody plays a gateway's browser.
    fn forge(&mut self) -> Option<Plan> {
        let Charge { key: (gateway, number), .. } = self.some_charge(|_| true)?;
        let other = (gateway + 1 + self.dice.below(GATEWAYS.len() - 1)) % GATEWAYS.len();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let claim = params((gateway, number), true, 0);
        let (at, params) = match self.dice.below(7) {
            0 => (GATEWAYS[gateway], params((gateway, 999_999_999), true, 0)),
            1 => (GATEWAYS[other], claim),
            2 => ("nobody", claim),
            3 => (GATEWAYS[gateway], [claim, vec![pair("amount", "1"), pair("currency", "USD")]].concat()),
            4 => (GATEWAYS[gateway], [claim, vec![pair("order", "0"), pair("trace", "../../etc")]].concat()),
            5 => (GATEWAYS[gateway], [claim, vec![pair("Authority", &authority(number + 1))]].concat()),
            _ => (GATEWAYS[gateway], claim),
        };
        self.bank.count("callback forged");
        let about = format!("{at} {params:?}");
        Some(self.on_a_node(Kind::Forge, about, |app| Box::pin(acts::callback(app, at, params))))
    }

    fn poll(&mut self, kind: Kind) -> Option<Plan> {
        let charge = self.some_charge(|_| true)?;
        let about = charge.id.to_string();
        if kind == Kind::Poll {
            return Some(
                self.on_a_node(kind, about, |app| Box::pin(acts::poll(app, charge.user, charge.id))),
            );
        }
        let stranger = self.some_patient().filter(|stranger| *stranger != charge.user)?;
        Some(self.on_a_node(kind, about, |app| Box::pin(acts::pry(app, stranger, charge.id))))
    }

    fn book(&mut self) -> Option<Plan> {
        let patient = self.some_patient()?;
        let doctor = self.dice.one(&self.doctors);
        let starts_at = self.some_time();
        let insurer = self.dice.chance(30).then(|| self.dice.one(&["تامین اجتماعی", "ایران"]));
        let is_online = self.dice.chance(70);
        let request = Request::Book { patient, doctor, starts_at, is_online, insurer };
        let about = format!("{request:?}");
        Some(self.ask(Kind::Book, about, request))
    }

    fn pay_visit(&mut self) -> Option<Plan> {
        let Visit { id, patient, share, .. } = self.some_visit(Stage::Booked)?;
        let request = Request::PayVisit { patient, visit: id, share };
        Some(self.ask(Kind::PayVisit, format!("{id} of {patient} for {share}"), request))
    }

    fn pay_online(&mut self) -> Option<Plan> {
        let visit = self.some_visit(Stage::Booked)?;
        let gateway = self.some_gateway();
        let who = (visit.token, visit.patient);
        let about = visit.id.to_string();
        Some(self.on_a_node(Kind::PayOnline, about, |app| Box::pin(acts::pay_online(app, who, gateway))))
    }

    fn cancel_visit(&mut self) -> Option<Plan> {
        let stage = self.dice.one(&[Stage::Booked, Stage::Paid, Stage::Paid]);
        let Visit { id, patient, .. } = self.some_visit(stage)?;
        let request = Request::CancelVisit { patient, visit: id };
        Some(self.ask(Kind::CancelVisit, id.to_string(), request))
    }

    fn withdraw(&mut self, kind: Kind) -> Option<Plan> {
        let visit = self.some_visit(Stage::Paid)?;
        let (who, by_admin) = ((visit.doctor, visit.patient), kind == Kind::AdminCancels);
        let about = visit.id.to_string();
        Some(self.on_a_node(kind, about, |app| Box::pin(acts::withdraw(app, who, visit.id, by_admin))))
    }

    fn lead(&mut self, kind: Kind) -> Option<Plan> {
        // what was paid online is booked as far as is known here
        let stage = match kind {
            Kind::Complete => Stage::Begun,
            _ => self.dice.one(&[Stage::Paid, Stage::Paid, Stage::Booked]),
        };
        let now = self.clock.now();
        let is_near = |visit: &&Visit| {
            visit.stage == stage && visit.starts_at.duration_since(now).abs() <= SignedDuration::from_mins(40)
        };
        let near = self.visits.iter().find(is_near).copied();
        let Visit { id, doctor, patient, .. } = match near {
            Some(near) if self.focus.is_none() && self.dice.chance(80) => near,
            _ => self.some_visit(stage)?,
        };
        Some(self.on_a_node(kind, id.to_string(), |app| match kind {
            Kind::Begin => Box::pin(acts::begin(app, doctor, id)),
            Kind::Complete => Box::pin(acts::complete(app, doctor, id)),
            _ => Box::pin(acts::miss(app, (doctor, patient), id)),
        }))
    }

    fn buy(&mut self, kind: Kind) -> Plan {
        let user = self.some_patient().unwrap_or(self.doctors[0]);
        let plan = if self.dice.chance(60) { "basic" } else { "premium" };
        let months = self.dice.one(&[1, 1, 1, 3, 12]);
        let code = self.dice.chance(30).then(|| self.some_code()).flatten();
        let (online, auto_renew) = (kind == Kind::BuyOnline, self.dice.chance(50));
        let request = Request::Buy { user, plan, months, online, code, auto_renew };
        let about = format!("{request:?}");
        self.ask(kind, about, request)
    }

    fn checkout(&mut self) -> Option<Plan> {
        let at = self.some_index(self.purchases.len())?;
        let (purchase, gateway) = (self.purchases[at], self.some_gateway());
        // asked for twice, it is paid twice
        if self.dice.chance(50) {
            self.purchases.swap_remove(at);
        }
        let about = purchase.0.to_string();
        Some(self.on_a_node(Kind::Checkout, about, |app| Box::pin(acts::checkout(app, purchase, gateway))))
    }

    fn stop_renewing(&mut self) -> Option<Plan> {
        let user = self.some_patient()?;
        let about = user.to_string();
        Some(self.on_a_node(Kind::StopRenewing, about, |app| Box::pin(acts::stop_renewing(app, user))))
    }

    fn new_code(&mut self) -> Plan {
        let name = format!("SIM-{}", self.count_up());
        let worth = if self.dice.chance(50) {
            Worth::Percent(self.dice.one(&[1, 10, 25, 33, 100]))
        } else {
            Worth::Amount(rials(self.dice.between(1, 500_000)))
        };
        let (about, cap) = (format!("{name} {worth:?}"), self.dice.between(1, 10));
        self.on_a_node(Kind::NewCode, about, |app| Box::pin(acts::new_code(app, name, worth, cap)))
    }

    fn place_hold(&mut self) -> Option<Plan> {
        let user = self.some_patient()?;
        // more than that too, now and then
        let most = self.checker.balance(&Account::wallet(user)).max(1);
        let amount = self.dice.between(1, most + most / 5 + 1);
        let key = format!("simulation:{}", self.count_up());
        let seconds = self.dice.one(&[30, 120, 600, 3_600, 86_400]);
        let expires_at = self.dice.chance(85).then(|| self.clock.now() + SignedDuration::from_secs(seconds));
        let about = format!("{amount} of {user} until {expires_at:?}");
        Some(self.on_a_node(Kind::PlaceHold, about, |app| {
            Box::pin(acts::place_hold(app, user, amount, (key, expires_at)))
        }))
    }

    fn end_hold(&mut self, kind: Kind) -> Option<Plan> {
        let at = self.some_index(self.holds.len())?;
        let (id, user, amount) = self.holds[at];
        // all of it, a part, nothing, more than there is
        let part = match self.dice.between(1, 10) {
            1..=5 => amount,
            6..=8 => self.dice.between(1, amount),
            9 => 0,
            _ => amount + 1,
        };
        let about = format!("{id}: {part} of {amount}");
        Some(self.on_a_node(kind, about, |app| {
            if kind == Kind::PostHold {
                Box::pin(acts::post_hold(app, (id, user), part))
            } else {
                Box::pin(acts::void_hold(app, (id, user)))
            }
        }))
    }

    fn read_wallet(&mut self) -> Option<Plan> {
        let user = self.some_patient()?;
        let about = user.to_string();
        Some(self.on_a_node(Kind::ReadWallet, about, |app| Box::pin(acts::read_wallet(app, user))))
    }

    /// A moment, or as long as a worker may have been away.
    fn move_clock(&mut self, kind: Kind) -> Plan {
        let seconds = match (kind, self.dice.between(1, 100)) {
            (Kind::Tick, 1..=50) => self.dice.between(1, 60),
            (Kind::Tick, _) => self.dice.between(60, 600),
            // to the next visit that somebody has paid for
            (Kind::Leap, 1..=30) => self.until_a_visit().unwrap_or(2_400),
            (_, 1..=40) => self.dice.between(35, 85) * 60,
            (_, 41..=75) => self.dice.between(1, 6) * 3_600,
            (_, 76..=95) => self.dice.between(6, 30) * 3_600,
            (_, 96..=99) => self.dice.between(2, 9) * 86_400,
            _ => 40 * 86_400,
        };
        let (clock, by) = (Arc::clone(&self.clock), SignedDuration::from_secs(seconds));
        self.on_a_node(kind, format!("{seconds} s"), |_| {
            Box::pin(async move {
                clock.advance(by);
                Outcome::refused("done")
            })
        })
    }

    /// Seconds until the first of the paid visits that lie ahead begins.
    fn until_a_visit(&self) -> Option<i64> {
        let now = self.clock.now();
        let paid = self.visits.iter().filter(|visit| visit.stage == Stage::Paid && visit.starts_at > now);
        paid.map(|visit| visit.starts_at.duration_since(now).as_secs() + 1).min()
    }

    fn new_patient(&mut self) -> Plan {
        let phone = Phone::parse(&format!("+98935{:07}", self.count_up())).unwrap();
        self.on_a_node(Kind::NewPatient, String::new(), |app| Box::pin(acts::new_patient(app, phone)))
    }

    /// One of so many: where several things happen to one at once, always the same.
    pub(super) fn some_index(&mut self, of: usize) -> Option<usize> {
        if of == 0 {
            return None;
        }
        let bound = u64::try_from(of).unwrap();
        Some(match self.focus {
            Some(focus) => usize::try_from(focus % bound).unwrap(),
            None => self.dice.below(of),
        })
    }

    fn some_patient(&mut self) -> Option<UserId> {
        let at = self.some_index(self.patients.len())?;
        Some(self.patients[at])
    }

    /// Of the charges that fit, one of the newest.
    pub(super) fn some_charge(&mut self, fits: impl Fn(&Charge) -> bool) -> Option<Charge> {
        if self.focus.is_some() {
            let at = self.some_index(self.charges.len())?;
            return self.charges.get(at).copied();
        }
        let fitting: Vec<Charge> = self.charges.iter().filter(|charge| fits(charge)).copied().collect();
        let at = self.some_index(fitting.len())?;
        fitting.get(at).copied()
    }

    /// One of a stage; where several things happen to one at once, and now and then otherwise, of any stage.
    fn some_visit(&mut self, stage: Stage) -> Option<Visit> {
        if self.focus.is_some() || self.dice.chance(10) {
            let at = self.some_index(self.visits.len())?;
            return self.visits.get(at).copied();
        }
        let mut fitting: Vec<Visit> =
            self.visits.iter().filter(|visit| visit.stage == stage).copied().collect();
        if stage == Stage::Booked {
            // older ones have given their time back
            let older = fitting.len().saturating_sub(6);
            fitting.drain(..older);
        }
        let at = self.some_index(fitting.len())?;
        fitting.get(at).copied()
    }

    fn some_code(&mut self) -> Option<String> {
        let at = self.dice.below(self.codes.len());
        self.codes.get(at).cloned()
    }

    /// None: whichever the program takes.
    fn some_gateway(&mut self) -> Option<&'static str> {
        self.dice.chance(90).then(|| self.dice.one(&GATEWAYS))
    }

    fn some_amount(&mut self) -> i64 {
        self.dice.between(10_000, 3_000_000)
    }

    /// A doctor's time, soon or within weeks; now and then one that is none.
    fn some_time(&mut self) -> Timestamp {
        /// Seconds of a slot.
        const SLOT: i64 = 20 * 60;
        /// Seconds that Tehran's midnight is before UTC's.
        const AHEAD: i64 = 3 * 3_600 + 1_800;
        let minutes = if self.dice.chance(60) {
            self.dice.between(31, 4 * 60)
        } else {
            self.dice.between(31, 50 * 24 * 60)
        };
        let wanted = self.clock.now().as_second() + minutes * 60 + AHEAD;
        let start = (wanted.div_euclid(SLOT) + 1) * SLOT - AHEAD;
        let off = if self.dice.chance(3) { 300 } else { 0 };
        Timestamp::from_second(start + off).unwrap()
    }
}

fn name_of((gateway, number): Key) -> String {
    format!("{} {}", GATEWAYS[gateway], authority(number))
}
