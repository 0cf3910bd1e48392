named_enum! {
    /// An external system that a deployment can depend on.
    ///
    /// ```
    /// use divan_core::infra::DependencyKind;
    ///
    /// assert_eq!("s3".parse(), Ok(DependencyKind::S3));
    /// assert_eq!(DependencyKind::RabbitMq.as_str(), "rabbitmq");
    /// ```
    pub enum DependencyKind {
        /// The database.
        Database = "database",
        /// The object store.
        S3 = "s3",
        /// The vector database.
        Qdrant = "qdrant",
        /// Redis.
        Redis = "redis",
        /// RabbitMQ.
        RabbitMq = "rabbitmq",
    }

    UnknownDependency = "must be one of database, s3, qdrant, redis and rabbitmq"
}
