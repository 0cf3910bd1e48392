//! Runs the commands of "Getting started" against a real server.

use std::path::Path;

use crate::bash::{blocks, run};
use crate::process::{program, start};

#[test]
fn the_commands_of_getting_started_work() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src/getting-started.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let section = guide
        .split("## Create users and sign in with curl")
        .nth(1)
        .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let responses = run(&blocks(section), &server, folder.path());
    let [bootstrap, admin, employee, session, me] = responses.as_slice() else {
        panic!("{responses:?}")
    };
    assert!(bootstrap.contains(r#""role":"admin""#), "{bootstrap}");
    assert!(admin.is_empty(), "the token stays in the variable: {admin}");
    assert!(employee.contains(r#""phone":"+77011234567""#), "{employee}");
    assert!(
        session.is_empty(),
        "the token stays in the variable: {session}"
    );
    assert!(
        me.contains(r#""telegram_id":43"#) && me.contains(r#""full_name":"First Last""#),
        "{me}"
    );
}
