//! The tests of the server, as one program.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod api_page;
mod bad_input;
mod bash;
mod breached_passwords;
mod canary;
mod commands;
mod config;
mod connections;
mod dependencies;
mod deployment;
mod development;
mod discovery;
mod doctor;
mod endpoints;
mod exposure;
mod failover;
mod faults;
mod gateways;
mod guide;
mod harness;
mod hosts;
mod http;
mod import;
mod init_data_command;
mod keys;
mod killed;
mod limits;
mod metrics;
mod openapi;
mod openapi_examples;
mod operations;
#[cfg(feature = "system-tests")]
mod outbox;
mod page_endpoints;
mod pages;
mod passkeys;
mod postgres;
mod process;
mod readme;
mod roles;
mod second_factor;
mod security_log;
mod sessions;
mod startup;
mod telegram_bots;
mod telegram_problems;
mod text;
mod throttle;
mod token;
#[cfg(feature = "system-tests")]
mod upgrade;
mod user_files;
mod verify;
mod web_security;
mod wording;
