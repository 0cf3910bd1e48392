//! Order of the hashes, without threads and time.

use super::class::{Source, Track};

/// Waiting hashes, and the number of running ones.
///
/// `T` belongs to a waiting hash; it is returned when the hash starts or is refused.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    permits: usize,
    waiting: Vec<Waiting<T>>,
    running: [usize; 4],
    /// Users of the running trusted hashes.
    running_users: Vec<u128>,
    next_ticket: u64,
    /// Order of the untrusted hash that started last.
    served: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: Ticket,
    track: Track,
    source: Source,
    /// Position among untrusted hashes: their clients take turns. 0 in other tracks.
    order: u64,
    payload: T,
}

/// Identifies a waiting hash. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// Hash that has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) track: Track,
    /// User of a trusted hash.
    user: Option<u128>,
}

/// Result of [`Schedule::join`].
pub(super) struct Joined<T> {
    pub(super) ticket: Ticket,
    /// Track in which the hash waits.
    pub(super) track: Track,
    /// Hash that was refused because the queue is full; possibly the new one.
    pub(super) refused: Option<T>,
}

impl<T> Schedule<T> {
    /// Maximum number of waiting trusted hashes, and of waiting background hashes.
    pub(super) const MAX_TRUSTED: usize = 256;
    /// Maximum number of waiting untrusted hashes.
    pub(super) const MAX_UNTRUSTED: usize = 64;

    pub(super) fn new(permits: usize) -> Self {
        Self {
            permits,
            waiting: Vec::new(),
            running: [0; 4],
            running_users: Vec::new(),
            next_ticket: 0,
            served: 0,
        }
    }

    /// Adds a hash. If that is one too many, one is refused. A trusted hash is untrusted if another
    /// one of the same user waits or runs.
    pub(super) fn join(&mut self, track: Track, source: Source, payload: T) -> Joined<T> {
        let track = match track {
            Track::Trusted | Track::Legacy if self.has_trusted(source.user) => Track::Untrusted,
            _ => track,
        };
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let order = match track {
            Track::Untrusted => self.next_order(source),
            Track::Trusted | Track::Legacy | Track::Background => 0,
        };
        self.waiting.push(Waiting {
            ticket,
            track,
            source,
            order,
            payload,
        });
        let refused = self
            .surplus(track)
            .map(|index| self.waiting.remove(index).payload);
        Joined {
            ticket,
            track,
            refused,
        }
    }

    /// Removes a hash that waits no longer. Without effect if it has started or was refused.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.retain(|waiting| waiting.ticket != ticket);
    }

    /// Starts the next hash, if one may start.
    pub(super) fn start_next(&mut self) -> Option<(Running, T)> {
        if self.running.iter().sum::<usize>() >= self.permits {
            return None;
        }
        let tracks = [
            Track::Trusted,
            Track::Legacy,
            Track::Untrusted,
            Track::Background,
        ];
        let index = tracks.into_iter().find_map(|track| self.first_of(track))?;
        let Waiting {
            track,
            source,
            order,
            payload,
            ..
        } = self.waiting.remove(index);
        self.served = self.served.max(order);
        self.running[track as usize] += 1;
        let user = source.user.filter(|_| track != Track::Untrusted);
        self.running_users.extend(user);
        Some((Running { track, user }, payload))
    }

    /// Ends a hash.
    pub(super) fn finish(&mut self, ended: Running) {
        let running = &mut self.running[ended.track as usize];
        *running = running.saturating_sub(1);
        let mut users = self.running_users.iter();
        if let Some(index) = users.position(|user| Some(*user) == ended.user) {
            self.running_users.swap_remove(index);
        }
    }

    /// Returns `true` if a trusted hash of this user waits or runs.
    fn has_trusted(&self, user: Option<u128>) -> bool {
        let Some(user) = user else {
            return false;
        };
        let mut waiting = self.waiting.iter();
        self.running_users.contains(&user)
            || waiting
                .any(|other| other.source.user == Some(user) && other.track != Track::Untrusted)
    }

    pub(super) fn running(&self, track: Track) -> usize {
        self.running[track as usize]
    }

    pub(super) fn waiting(&self, track: Track) -> usize {
        self.track(track).count()
    }

    fn track(&self, track: Track) -> impl Iterator<Item = (usize, &Waiting<T>)> {
        let all = self.waiting.iter().enumerate();
        all.filter(move |(_, waiting)| waiting.track == track)
    }

    /// Returns the index of the hash that starts next in this track, if the track may start one.
    fn first_of(&self, track: Track) -> Option<usize> {
        let may_start = match track {
            Track::Trusted => true,
            Track::Legacy | Track::Untrusted => {
                self.running(Track::Legacy) + self.running(Track::Untrusted)
                    < (self.permits / 2).max(1)
            }
            Track::Background => self.running(Track::Background) == 0,
        };
        self.track(track)
            .filter(|_| may_start)
            .min_by_key(|(_, waiting)| (waiting.order, waiting.ticket))
            .map(|(index, _)| index)
    }

    /// Returns the order of a new untrusted hash: behind those of the same client, but next to the
    /// first ones of other clients.
    fn next_order(&self, source: Source) -> u64 {
        self.track(Track::Untrusted)
            .filter(|(_, waiting)| waiting.source.is_same_client(&source))
            .map(|(_, waiting)| waiting.order)
            .fold(self.served, u64::max)
            + 1
    }

    /// Returns the index of a hash to refuse, if too many wait in this track.
    fn surplus(&self, track: Track) -> Option<usize> {
        let newest = self.waiting.len().checked_sub(1);
        match track {
            Track::Trusted | Track::Legacy => {
                let waiting = self.waiting(Track::Trusted) + self.waiting(Track::Legacy);
                newest.filter(|_| waiting > Self::MAX_TRUSTED)
            }
            Track::Background => newest.filter(|_| self.waiting(track) > Self::MAX_TRUSTED),
            Track::Untrusted if self.waiting(track) > Self::MAX_UNTRUSTED => self.longest_queue(),
            Track::Untrusted => None,
        }
    }

    /// Returns the index of the newest untrusted hash of the client with the most, and among such
    /// clients, of the net with the most.
    fn longest_queue(&self) -> Option<usize> {
        let count = |is_same: &dyn Fn(&Source) -> bool| {
            self.track(Track::Untrusted)
                .filter(|(_, waiting)| is_same(&waiting.source))
                .count()
        };
        self.track(Track::Untrusted)
            .max_by_key(|(_, Waiting { source, ticket, .. })| {
                (
                    count(&|other| other.is_same_client(source)),
                    count(&|other| other.net == source.net),
                    *ticket,
                )
            })
            .map(|(index, _)| index)
    }
}
