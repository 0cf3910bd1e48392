use super::variable::Variable;
use crate::database_url::DatabaseUrl;

/// `DATABASE_URL`. If it is set, this is a deployment; otherwise development mode.
pub static DATABASE_URL: Variable = Variable::new(
    "DATABASE_URL",
    "URL of the database: `postgresql://user:password@host:5432/name` (also SQLAlchemy's `+psycopg2`, `+psycopg` and \
     `+asyncpg`) or `sqlite:///var/lib/divan/divan.db`",
    "postgresql://divan:PASSWORD@localhost:5432/divan",
)
.when_unset("development mode, with `divan-data/divan.db`")
.synonyms(&["DATABASE_DSN", "DB_URL", "POSTGRES_URL", "POSTGRESQL_URL", "PG_URL", "SQLALCHEMY_DATABASE_URL"])
.secret_except(|text| text.parse::<DatabaseUrl>().ok().map(|url| url.to_string()));
