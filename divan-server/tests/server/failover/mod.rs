//! Faults of databases, with real servers under load: after each one, the server serves again within
//! seconds, keeps what it acknowledged, and has written nothing by half.

mod deployment;
mod faults;
mod load;
#[cfg(feature = "system-tests")]
mod table;

use std::time::Duration;

use deployment::Deployment;
use faults::Fault;
use load::Recovery;

pub(crate) use load::http_client;

/// Longest time from the moment a server accepts writes to the first response without an error.
#[cfg(feature = "system-tests")]
const PROMISE: Duration = Duration::from_secs(5);

/// The same on a machine that runs other tests at the same time.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_primary_is_replaced_by_its_synchronous_standby() {
    survive(Fault::KilledPrimary, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_behind_a_silent_network_is_replaced_by_its_standby() {
    survive(Fault::LostPrimary, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_leave_a_server_that_has_become_read_only() {
    survive(Fault::MovedAddress, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_password_is_read_again() {
    survive(Fault::RotatedPassword, PATIENCE).await;
}

/// Takes minutes and measures time: `cargo xtask faults` runs it alone, and writes the table of the guide.
#[cfg(feature = "system-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_survived_within_the_promised_time() {
    let mut rows = Vec::new();
    for fault in Fault::ALL {
        println!("{}", fault.description());
        rows.push((fault, survive(fault, PROMISE).await));
    }
    table::write(&rows);
}

/// Causes a fault under load. Returns the times from the moment a server accepts writes.
async fn survive(fault: Fault, limit: Duration) -> Recovery {
    let mut deployment = Deployment::start(fault).await;
    let load = deployment.start_load();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let outage = deployment.cause(fault).await;
    let recovery = load.recovery(outage.reachable_at, limit).await;
    if let Some(down_at) = outage.down_at {
        load.assert_not_ready_at(down_at);
    }
    let acknowledged = load.stop().await;
    deployment.verify(&acknowledged).await;
    recovery
}
