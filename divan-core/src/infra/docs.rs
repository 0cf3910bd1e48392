//! Documentation generated from the definitions: `.env.example` and Markdown tables.

use std::fmt::Write as _;

use super::variable::{Section, Variable};

/// Returns an `.env` file that documents all variables, each one commented out.
///
/// ```
/// use divan_core::infra::{Section, Variable, env_example};
///
/// static WORKERS: Variable = Variable::new("APP_WORKERS", "number of concurrent jobs", "4").when_unset("`2`");
/// static SECTION: Section = Section::new("Jobs", "", &[&WORKERS]);
/// let text = env_example(&[&SECTION]);
/// assert!(text.ends_with("# Number of concurrent jobs. Default: `2`.\n# APP_WORKERS=4\n"));
/// ```
pub fn env_example(sections: &[&Section]) -> String {
    let mut text = String::from(
        "# Copy this file to .env and remove the `#` before each variable that you set. `$` has no special meaning.\n\
         # A compose file that loads .env replaces `$NAME`: put such values between single quotes.\n\
         # The process environment has precedence over this file. X_FILE names a file with the value of X.\n",
    );
    for section in sections {
        let _ = write!(text, "\n\n## {}\n", section.title);
        comment(&mut text, section.about);
        for variable in section.variables {
            text.push('\n');
            comment(&mut text, &sentence(variable));
            let _ = writeln!(text, "# {}", variable.example_line());
        }
    }
    text
}

/// Returns one Markdown chapter per section, with a table of its variables.
///
/// ```
/// use divan_core::infra::{Section, Variable, markdown};
///
/// static KEY: Variable = Variable::new("APP_KEY", "API key", "the-key").secret();
/// static SECTION: Section = Section::new("Other service", "", &[&KEY]);
/// let text = markdown(&[&SECTION]);
/// assert!(text.contains("## Other service\n"));
/// assert!(text.contains("| `APP_KEY`, `APP_KEY_FILE` | API key | `the-key` |  |\n"));
/// ```
pub fn markdown(sections: &[&Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = write!(text, "\n## {}\n\n", section.title);
        if !section.about.is_empty() {
            let _ = write!(text, "{}\n\n", section.about);
        }
        text.push_str("| variable | description | example | default |\n|---|---|---|---|\n");
        for variable in section.variables {
            let file = if variable.or_file {
                format!(", `{}`", variable.file_name())
            } else {
                String::new()
            };
            let _ = writeln!(
                text,
                "| `{}`{file} | {} | `{}` | {} |",
                variable.name, variable.description, variable.example, variable.when_unset
            );
        }
    }
    text
}

fn sentence(variable: &Variable) -> String {
    let mut text = variable.description.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    if !variable.when_unset.is_empty() {
        let _ = write!(text, " Default: {}.", variable.when_unset);
    }
    text
}

/// Writes comment lines of at most 110 characters.
fn comment(text: &mut String, paragraph: &str) {
    const WIDTH: usize = 110;
    let mut line = String::from("#");
    for word in paragraph.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            "#".clone_into(&mut line);
        }
        let _ = write!(line, " {word}");
    }
    if line.len() > 1 {
        let _ = writeln!(text, "{line}");
    }
}
