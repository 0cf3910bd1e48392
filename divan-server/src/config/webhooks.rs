use divan_core::infra::{Env, networks, section};
use divan_core::webhook::target::WebhookTargets;

section! {
    pub(super) static SECTION = "Webhooks",
        "Administrators create webhooks in the panel. The server sends events to public addresses over https only, except for these networks.";

    ALLOWED_NETWORKS = (
        "DIVAN_WEBHOOK_ALLOWED_NETWORKS",
        "networks and addresses to which webhooks may be sent although they are not public, also over http, separated by commas; administrators \
         of Divan can then send requests to all services in them",
        "10.20.0.0/16",
    ).form("a list of networks").when_unset("none; `127.0.0.0/8,::1` in development mode").lines();
}

/// Networks in development mode.
const LOOPBACK: &str = "127.0.0.0/8,::1";

/// Reads the addresses to which webhooks are sent.
pub(super) fn targets(env: &mut Env<'_>) -> WebhookTargets {
    let parse = |text: &str| networks(text, "allow");
    let allowed = match env.checked(&ALLOWED_NETWORKS, parse) {
        None if !env.is_deployment() => parse(LOOPBACK).ok(),
        allowed => allowed,
    };
    WebhookTargets::public().or(allowed.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets_of(variables: &[(&str, &str)]) -> Result<WebhookTargets, String> {
        let source = |name: &str| {
            let mut variables = variables.iter();
            let found = variables.find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut env = Env::new(&source);
        let targets = targets(&mut env);
        env.finish().map_err(|errors| errors.to_string())?;
        Ok(targets)
    }

    const DEPLOYMENT: (&str, &str) = ("DATABASE_URL", "sqlite://divan.db");

    #[test]
    fn only_development_mode_allows_this_machine_by_default() {
        let local = "http://127.0.0.1:9000/";
        assert!(targets_of(&[]).unwrap().parse(local).is_ok());
        assert!(targets_of(&[DEPLOYMENT]).unwrap().parse(local).is_err());
    }

    #[test]
    fn networks_are_allowed_by_the_operator() {
        let variable = "DIVAN_WEBHOOK_ALLOWED_NETWORKS";
        let set = |value| targets_of(&[DEPLOYMENT, (variable, value)]);
        let targets = set("10.20.0.0/16, 192.0.2.7").unwrap();
        assert!(targets.parse("http://10.20.1.2:9000/").is_ok());
        assert!(targets.parse("http://192.0.2.7/").is_ok());
        assert!(targets.parse("http://10.21.1.2/").is_err());
        for (value, rule) in [("0.0.0.0/0", "must not allow every"), ("any", "must list")] {
            let error = set(value).unwrap_err();
            assert!(error.contains(rule), "{error}");
        }
    }
}
