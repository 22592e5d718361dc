//! The kinds of operations, how often each comes, and which of them make sense at once.

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
    pub(in crate::simulation) const fn is_social(self) -> bool {
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
    pub(in crate::simulation) const fn may_be_cut(self) -> bool {
        !matches!(
            self,
            Self::Jobs | Self::Cron | Self::VerifyALittle | Self::Tick | Self::Leap | Self::NewPatient
        )
    }
}

/// What is done at once to one visit, charge, user, hold or plan.
pub(in crate::simulation) const THEMES: &[&[Kind]] = &[
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
pub(in crate::simulation) fn deck() -> Vec<Kind> {
    Kind::ALL.iter().flat_map(|kind| std::iter::repeat_n(*kind, kind.weight())).collect()
}
