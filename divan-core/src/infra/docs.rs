//! What is written from the definitions: `.env.example` and the tables of the documentation.

use std::fmt::Write as _;

use super::variable::{Section, Variable};

/// An `.env` file that says what there is, with everything in it commented out.
///
/// ```
/// use divan_core::infra::{Section, Variable, env_example};
///
/// static WORKERS: Variable = Variable::new("APP_WORKERS", "how many jobs run at a time", "4").when_unset("`2`");
/// static SECTION: Section = Section::new("Jobs", "", &[&WORKERS]);
/// let text = env_example(&[&SECTION]);
/// assert!(text.ends_with("# How many jobs run at a time. Without it: `2`.\n# APP_WORKERS=4\n"));
/// ```
pub fn env_example(sections: &[&Section]) -> String {
    let mut text = String::from(
        "# Copy this to .env, and take the `#` away in front of what you set. Nothing in it is replaced: a `$` is a `$`.\n\
         # A compose file that passes .env on replaces `$NAME`: put such values between single quotes there.\n\
         # Variables of the process win over this file. X_FILE names a file with the value of X.\n",
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

/// A chapter in Markdown for each section, with a table of its variables.
///
/// ```
/// use divan_core::infra::{Section, Variable, markdown};
///
/// static KEY: Variable = Variable::new("APP_KEY", "the key", "the-key").secret();
/// static SECTION: Section = Section::new("Other service", "", &[&KEY]);
/// let text = markdown(&[&SECTION]);
/// assert!(text.contains("## Other service\n"));
/// assert!(text.contains("| `APP_KEY`, `APP_KEY_FILE` | the key | `the-key` |  |\n"));
/// ```
pub fn markdown(sections: &[&Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = write!(text, "\n## {}\n\n", section.title);
        if !section.about.is_empty() {
            let _ = write!(text, "{}\n\n", section.about);
        }
        text.push_str("| variable | what | example | without it |\n|---|---|---|---|\n");
        for variable in section.variables {
            let file = if variable.or_file {
                format!(", `{}`", variable.file_name())
            } else {
                String::new()
            };
            let Variable {
                name,
                what,
                example,
                when_unset,
                ..
            } = variable;
            let _ = writeln!(
                text,
                "| `{name}`{file} | {what} | `{example}` | {when_unset} |"
            );
        }
    }
    text
}

fn sentence(variable: &Variable) -> String {
    let mut text = variable.what.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    if !variable.when_unset.is_empty() {
        let _ = write!(text, " Without it: {}.", variable.when_unset);
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
