use super::faults::Fault;
use super::load::{Operation, Recovery};

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/guide/src/operations/databases.md"
);
const START: &str = "<!-- faults -->\n";
const END: &str = "<!-- end of faults -->\n";

/// Prints the table. With `DIVAN_WRITE_FAULT_TABLE`, also writes it into the guide.
#[expect(clippy::print_stdout, reason = "the table is what the suite reports")]
pub(crate) fn write(rows: &[(Fault, Recovery)]) {
    let table = table(rows);
    println!("{table}");
    if std::env::var_os("DIVAN_WRITE_FAULT_TABLE").is_none() {
        return;
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    std::fs::write(PAGE, format!("{before}{START}{table}{END}{after}")).unwrap();
}

fn table(rows: &[(Fault, Recovery)]) -> String {
    let mut table =
        "| fault | sign-in | refresh | me | create user | readiness |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (fault, recovery) in rows {
        let cells = Operation::ALL.map(|operation| {
            let found = recovery.iter().find(|(of, _)| *of == operation);
            found.map_or_else(String::new, |(_, time)| {
                format!("{:.1} s", time.as_secs_f32())
            })
        });
        let row = [fault.description(), &cells.join(" | ")].join(" | ");
        table.extend(["| ", &row, " |\n"]);
    }
    table
}
