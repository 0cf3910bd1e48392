//! `cargo run --example infra_from_env --features infra`: configures a service of
//! your own from the environment and `.env`, with a variable in addition to Divan's, and probes its
//! dependencies. All errors are returned in one report:
//!
//! ```sh
//! REDIS_HOST=localhost REDIS_PORT=many APP_GREETNG=hello cargo run --example infra_from_env --features infra
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use divan_core::infra::probe::{Probe, check_all};
use divan_core::infra::{ConfigErrors, Env, Infra, Section, section};

// Definition for reading, for documentation, and for the detection of misspelled names.
section! {
    static SECTION = "Greeting", "";

    GREETING = ("APP_GREETING", "greeting of the service", "Good morning").when_unset("`Hello`");
}

#[derive(Debug)]
struct Config {
    greeting: String,
    infra: Infra,
}

impl Config {
    fn read(env: &mut Env<'_>) -> Result<Self, ConfigErrors> {
        let sections: Vec<&Section> = Infra::SECTIONS.into_iter().chain([&SECTION]).collect();
        env.check_names(&sections, "APP_");
        let config = Self {
            greeting: env.text(&GREETING).unwrap_or_else(|| "Hello".to_owned()),
            infra: Infra::read(env),
        };
        env.finish()?;
        Ok(config)
    }

    /// Returns a probe of each configured dependency. They connect when they are called.
    fn probes(&self) -> Result<Vec<Arc<dyn Probe>>, Box<dyn Error>> {
        let Infra {
            s3,
            qdrant,
            redis,
            rabbitmq,
            ..
        } = &self.infra;
        let mut probes: Vec<Arc<dyn Probe>> = Vec::new();
        if let Some(s3) = s3 {
            probes.push(Arc::new(s3.probe(&s3.client())));
        }
        if let Some(qdrant) = qdrant {
            probes.push(Arc::new(qdrant.probe(&qdrant.client()?)?));
        }
        if let Some(redis) = redis {
            probes.push(Arc::new(redis.client().probe()));
        }
        if let Some(rabbitmq) = rabbitmq {
            probes.push(Arc::new(rabbitmq.client().probe()));
        }
        Ok(probes)
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut env = Env::of_process();
    let config = match Config::read(&mut env) {
        Ok(config) => config,
        Err(errors) => {
            println!("{errors}");
            return Err("the configuration is invalid".into());
        }
    };
    println!("{}.", config.greeting);
    for report in check_all(&config.probes()?, Duration::from_secs(2)).await {
        match report.outcome {
            Ok(()) => println!(
                "{} responded after {} ms.",
                report.name,
                report.took.as_millis()
            ),
            Err(error) => println!("{}: {error}.", report.name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &'static [(&str, &str)]) -> Result<Config, String> {
        let source = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let names = variables.iter().map(|(name, _)| (*name).to_owned());
        Config::read(&mut Env::new(&source).with_names(names)).map_err(|errors| errors.to_string())
    }

    #[tokio::test]
    async fn configured_dependencies_are_probed() {
        let config = config(&[
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", "1"),
            ("APP_GREETING", "Salem"),
        ])
        .unwrap();
        assert_eq!(config.greeting, "Salem");
        let reports = check_all(&config.probes().unwrap(), Duration::from_secs(5)).await;
        assert_eq!((reports.len(), reports[0].name), (1, "redis"));
        assert!(
            reports[0]
                .outcome
                .as_ref()
                .unwrap_err()
                .to_string()
                .contains("no connection")
        );
    }

    #[test]
    fn all_errors_are_reported_at_once() {
        let errors = config(&[
            ("REDIS_HOST", "localhost"),
            ("REDIS_PORT", "many"),
            ("APP_GREETNG", "x"),
        ])
        .unwrap_err();
        assert!(
            errors.contains("did you mean APP_GREETING?") && errors.contains("REDIS_PORT"),
            "{errors}"
        );
    }
}
