//! Bootstrap and the creation of users.

use divan_core::secret::Secret;
use divan_core::service::{
    Admin, BootstrapCommand, BootstrapPolicy, ClientInfo, Field, ServiceError,
};
use divan_core::types::Role;

use crate::support::counting::{
    bootstrap_request, bootstrap_request_with, employee_request, fixture, fixture_with,
};
use crate::support::{ADMIN_EMAIL, ADMIN_PASSWORD, PHONE, Refusal, refusal};

#[tokio::test]
async fn bootstrap_requires_its_token() {
    let closed = fixture_with(BootstrapPolicy::Closed);
    let token = Secret::new("bootstrap");
    let outcome = closed
        .service
        .for_client(&ClientInfo::unknown())
        .bootstrap(&bootstrap_request_with(Some(&token)))
        .await;
    assert_eq!(refusal(outcome), Refusal::BootstrapTokenRequired);

    let f = fixture_with(BootstrapPolicy::Token(token.clone()));
    for wrong in [None, Some(Secret::new("")), Some(Secret::new("bootstraq"))] {
        let outcome = f
            .service
            .for_client(&ClientInfo::unknown())
            .bootstrap(&bootstrap_request_with(wrong.as_ref()))
            .await;
        assert_eq!(refusal(outcome), Refusal::BootstrapTokenRequired);
    }
    let user = f
        .service
        .for_client(&ClientInfo::unknown())
        .bootstrap(&bootstrap_request_with(Some(&token)))
        .await
        .unwrap();
    assert_eq!(
        (user.role, user.full_name.as_str()),
        (Role::Admin, "Administrator")
    );
}

#[tokio::test]
async fn a_rejected_bootstrap_stays_open_and_a_successful_one_closes() {
    let f = fixture_with(BootstrapPolicy::OpenToAnyone);
    let weak = BootstrapCommand::new(ADMIN_EMAIL, "too short");
    assert_eq!(
        refusal(
            f.service
                .for_client(&ClientInfo::unknown())
                .bootstrap(&weak)
                .await
        ),
        Refusal::WeakPassword
    );
    let malformed = BootstrapCommand::new("not an address", ADMIN_PASSWORD);
    assert_eq!(
        refusal(
            f.service
                .for_client(&ClientInfo::unknown())
                .bootstrap(&malformed)
                .await
        ),
        Refusal::ValidationFailed
    );
    assert!(!f.service.is_bootstrapped().await.unwrap());
    f.hasher.taken();

    f.service
        .for_client(&ClientInfo::unknown())
        .bootstrap(&bootstrap_request())
        .await
        .unwrap();
    let again = f
        .service
        .for_client(&ClientInfo::unknown())
        .bootstrap(&bootstrap_request())
        .await;
    assert_eq!(refusal(again), Refusal::AlreadyBootstrapped);
    assert_eq!(f.hasher.taken(), 1, "the refused call does not hash");
}

#[tokio::test]
async fn create_user_reports_all_invalid_fields_at_once() {
    let f = fixture().await;
    let admin = f.admin().await;
    let mut request = employee_request("12");
    request.full_name = " \n ".to_owned();
    request.email = Some("nowhere".to_owned());
    request.password = Some(Secret::new(""));
    let Err(ServiceError::Invalid(errors)) = f
        .service
        .as_admin(&admin, &ClientInfo::unknown())
        .create_user(&request)
        .await
    else {
        panic!("an invalid request");
    };
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["full_name", "phone", "email", "password"]);
}

#[tokio::test]
async fn create_user_requires_the_login_field_of_the_role() {
    let f = fixture().await;
    let admin = f.admin().await;
    let mut no_phone = employee_request(PHONE);
    no_phone.phone = None;
    let mut no_email = employee_request("+77010000002");
    no_email.role = Role::Admin;
    for (request, field) in [(no_phone, Field::Phone), (no_email, Field::Email)] {
        match f
            .service
            .as_admin(&admin, &ClientInfo::unknown())
            .create_user(&request)
            .await
        {
            Err(ServiceError::Invalid(errors)) => assert_eq!(errors[0].field, field),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn create_user_rejects_taken_contacts_and_personal_passwords() {
    let f = fixture().await;
    let admin = f.admin().await;
    let taken = f
        .service
        .as_admin(&admin, &ClientInfo::unknown())
        .create_user(&employee_request("8 701 123 45 67"))
        .await;
    assert_eq!(refusal(taken), Refusal::PhoneTaken);

    let mut same_email = employee_request("+77010000002");
    same_email.email = Some("ADMIN@example.com".to_owned());
    assert_eq!(
        refusal(
            f.service
                .as_admin(&admin, &ClientInfo::unknown())
                .create_user(&same_email)
                .await
        ),
        Refusal::EmailTaken
    );

    for weak in ["12345678", "7011234599", "FirstLast1"] {
        let mut request = employee_request("+77011234599");
        request.password = Some(Secret::new(weak));
        assert_eq!(
            refusal(
                f.service
                    .as_admin(&admin, &ClientInfo::unknown())
                    .create_user(&request)
                    .await
            ),
            Refusal::WeakPassword,
            "{weak}"
        );
    }
    let mut short_for_an_admin = employee_request("+77010000002");
    short_for_an_admin.role = Role::Admin;
    short_for_an_admin.email = Some("second@example.com".to_owned());
    assert_eq!(
        refusal(
            f.service
                .as_admin(&Admin::operator(), &ClientInfo::unknown())
                .create_user(&short_for_an_admin)
                .await
        ),
        Refusal::WeakPassword
    );
}
