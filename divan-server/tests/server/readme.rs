//! The walk-through of the README, line by line against a real server.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{PROGRAM, program, start};

/// The blocks of the README between the markers, as one script.
fn walk_through() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let section = readme.split("<!-- walk-through -->").nth(1).unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect::<Vec<_>>().join("echo ---\n")
}

#[test]
fn the_walk_through_answers_as_the_readme_says() {
    let has_tools = Command::new("bash").args(["-c", "command -v curl sed"]).stdout(Stdio::null()).status();
    assert!(
        has_tools.is_ok_and(|status| status.success()),
        "this test needs bash, curl and sed: install them"
    );

    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let script = walk_through()
        .replace("localhost:8000", &format!("localhost:{}", server.port))
        .replace("cargo run -q -p divan-server --", PROGRAM);
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");

    let answers: Vec<&str> = stdout.split("---\n").collect();
    let [bootstrap, admin, employee, session, me] = answers.as_slice() else { panic!("{stdout}") };
    assert!(bootstrap.contains(r#""role":"admin""#), "{bootstrap}");
    assert!(admin.is_empty(), "the token stays in the variable: {admin}");
    assert!(employee.contains(r#""phone":"+77011234567""#), "{employee}");
    assert!(session.is_empty(), "the token stays in the variable: {session}");
    assert!(me.contains(r#""telegram_id":42"#) && me.contains(r#""full_name":"First Last""#), "{me}");
}
