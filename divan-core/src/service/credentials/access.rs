//! Limits of other services in operations of administrators.

use crate::service::{AdminService, ServiceError};
use crate::types::Role;

impl AdminService<'_> {
    /// Refuses other services.
    pub(in crate::service) fn require_person(self) -> Result<(), ServiceError> {
        match self.admin.as_service() {
            Some(_) => Err(ServiceError::ServiceNotAllowed),
            None => Ok(()),
        }
    }

    /// Refuses other services if the user is not an employee.
    pub(in crate::service) fn require_allowed(self, role: Role) -> Result<(), ServiceError> {
        match role {
            Role::Employee => Ok(()),
            Role::Admin => self.require_person(),
        }
    }
}
