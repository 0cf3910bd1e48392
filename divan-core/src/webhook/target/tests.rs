use super::*;

/// The first and the last address of each network that is refused, or addresses in it.
const REFUSED: [&str; 68] = [
    // This network, and the unspecified address.
    "0.0.0.0",
    "0.255.255.255",
    "::",
    // Private.
    "10.0.0.0",
    "10.255.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.168.0.0",
    "192.168.255.255",
    // Shared by customers of a provider.
    "100.64.0.0",
    "100.127.255.255",
    // Loopback.
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "::1",
    // Link-local, with the metadata of clouds.
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "fe80::",
    "fe80::1",
    "febf:ffff::1",
    // Assignments of the IETF, relays of 6to4.
    "192.0.0.0",
    "192.0.0.255",
    "192.88.99.1",
    "2001:1::1",
    "2001:1ff::1",
    // Documentation.
    "192.0.2.0",
    "192.0.2.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "2001:db8::",
    "2001:db8:ffff::1",
    "3fff::",
    "3fff:fff::1",
    // Benchmarks.
    "198.18.0.0",
    "198.19.255.255",
    "2001:2::1",
    // Multicast, reserved, broadcast.
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "ff00::",
    "ff02::1",
    "ff0e::1",
    "ffff::1",
    // Unique local, site-local, discard-only, identifiers of routers.
    "fc00::",
    "fd12:3456::1",
    "fdff:ffff::1",
    "fec0::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "1fff::1",
    // IPv4 in IPv6: mapped, compatible, translated.
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "::808:808",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b::1:808:808",
    // Tunnels: Teredo and 6to4, also with public addresses.
    "2001:0:808:808::1",
    "2002:a00:1::1",
    "2002:7f00:1::",
    "2002:808:808::1",
];

const PUBLIC: [&str; 22] = [
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2606:4700::1111",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn public() -> WebhookTargets {
    WebhookTargets::public()
}

fn with(network: &str) -> WebhookTargets {
    public().or([network.parse().unwrap()])
}

/// The URL with this host, as a URL without rules.
fn url(scheme: &str, host: &str) -> Url {
    Url::parse(&format!("{scheme}://{host}/")).unwrap()
}

fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("https://{address}/"),
        IpAddr::V6(address) => format!("https://[{address}]/"),
    }
}

#[test]
fn only_public_addresses_are_allowed() {
    let name = url("https", "hooks.example.com");
    for address in REFUSED.map(ip) {
        assert!(!public().allows(&name, address), "{address}");
        let parsed = public().parse(&literal(address));
        assert_eq!(parsed, Err(InvalidWebhookUrl::Address), "{address}");
    }
    for address in PUBLIC.map(ip) {
        assert!(public().allows(&name, address), "{address}");
        assert!(public().parse(&literal(address)).is_ok(), "{address}");
    }
}

#[test]
fn an_allowed_network_allows_its_addresses_only() {
    let (targets, name) = (with("10.20.0.0/16"), url("https", "hooks.example.com"));
    for allowed in ["10.20.0.0", "10.20.255.255", "::ffff:10.20.0.1", "8.8.8.8"] {
        assert!(targets.allows(&name, ip(allowed)), "{allowed}");
    }
    for refused in [
        "10.19.255.255",
        "10.21.0.0",
        "127.0.0.1",
        "64:ff9b::10.20.0.1",
        "::a14:1",
    ] {
        assert!(!targets.allows(&name, ip(refused)), "{refused}");
    }
    assert!(with("fd00::/8").allows(&name, ip("fd12::1")));
    assert!(!with("fd00::/8").allows(&name, ip("fc00::1")));
}

#[test]
fn plain_http_is_for_allowed_networks() {
    let refused = Err(InvalidWebhookUrl::Scheme);
    for text in [
        "http://8.8.8.8/",
        "http://hooks.example.com/",
        "http://10.0.0.1/",
    ] {
        assert_eq!(public().parse(text), refused, "{text}");
    }
    let (targets, name) = (with("10.0.0.0/8"), url("http", "hooks.example.com"));
    assert!(targets.parse("http://hooks.example.com/").is_ok());
    assert!(targets.allows(&name, ip("10.0.0.1")) && !targets.allows(&name, ip("8.8.8.8")));
    assert_eq!(
        targets.parse("http://8.8.8.8/"),
        Err(InvalidWebhookUrl::Address)
    );
    for text in [
        "ftp://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://10.0.0.1:70/",
        "unix:/run/x",
    ] {
        assert_eq!(targets.parse(text), refused, "{text}");
    }
}

#[test]
fn every_form_of_an_address_is_recognized() {
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "017700000001",
        "127%2e0%2e0%2e1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "127.0.0.1.",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::1]",
        "0",
        "0x0",
    ] {
        let parsed = public().parse(&format!("https://{host}/"));
        assert_eq!(parsed, Err(InvalidWebhookUrl::Address), "{host}");
    }
    for host in [
        "[fe80::1%25eth0]",
        "256.0.0.1",
        "0x100000000",
        "",
        "[::1",
        "a b",
    ] {
        let parsed = public().parse(&format!("https://{host}/"));
        assert_eq!(parsed, Err(InvalidWebhookUrl::Syntax), "{host}");
    }
}

#[test]
fn a_name_of_this_machine_is_refused() {
    for host in [
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "localhost.",
        "hooks.example.com.",
    ] {
        let parsed = public().parse(&format!("https://{host}/"));
        assert_eq!(parsed, Err(InvalidWebhookUrl::Host), "{host}");
    }
    let local = with("127.0.0.0/8");
    assert!(local.parse("http://localhost:9000/").is_ok());
    let dot = local.parse("http://localhost.:9000/");
    assert_eq!(dot, Err(InvalidWebhookUrl::Host));
    assert!(with("10.0.0.0/8").parse("http://localhost/").is_err());
}

#[test]
fn credentials_fragments_and_ports_of_other_services_are_refused() {
    use InvalidWebhookUrl as Invalid;

    for (rest, expected) in [
        ("user@hooks.example.com/", Invalid::Credentials),
        (":secret@hooks.example.com/", Invalid::Credentials),
        ("hooks.example.com/#part", Invalid::Fragment),
        ("hooks.example.com/#", Invalid::Fragment),
        ("hooks.example.com:22/", Invalid::Port),
        ("hooks.example.com:25/", Invalid::Port),
        ("hooks.example.com:0/", Invalid::Port),
        ("hooks.example.com:1023/", Invalid::Port),
        ("hooks.example.com:65536/", Invalid::Syntax),
    ] {
        let parsed = public().parse(&format!("https://{rest}"));
        assert_eq!(parsed, Err(expected), "{rest}");
    }
    for rest in ["", ":443", ":80", ":1024/a?b=c", ":65535/"] {
        let parsed = public().parse(&format!("https://hooks.example.com{rest}"));
        assert!(parsed.is_ok(), "{rest}");
    }
}

#[test]
fn a_relative_or_long_url_is_refused() {
    let long = format!("https://hooks.example.com/{}", "a".repeat(MAX_WEBHOOK_URL));
    for text in [
        "",
        "hooks.example.com",
        "/divan",
        "//hooks.example.com/",
        &long,
    ] {
        assert_eq!(
            public().parse(text),
            Err(InvalidWebhookUrl::Syntax),
            "{text}"
        );
    }
}
