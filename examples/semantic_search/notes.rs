//! Notes in Qdrant, each with its owner, and found by nobody else.

use divan_core::types::UserId;
use qdrant_client::qdrant::{
    Condition, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, Distance, FieldType,
    Filter, PointStruct, QueryPointsBuilder, UpsertPointsBuilder, VectorParamsBuilder,
};
use qdrant_client::{Payload, Qdrant, QdrantError};
use serde_json::json;
use uuid::Uuid;

use crate::embedding::{DIMENSIONS, embedding};

const COLLECTION: &str = "notes";
const OWNER: &str = "owner";
const FOUND_AT_ONCE: u64 = 5;

#[derive(Clone)]
pub(crate) struct Notes(Qdrant);

impl Notes {
    /// Opens the collection, and makes it where it is missing.
    pub(crate) async fn open(qdrant: Qdrant) -> Result<Self, QdrantError> {
        if !qdrant.collection_exists(COLLECTION).await? {
            let vectors = VectorParamsBuilder::new(DIMENSIONS as u64, Distance::Cosine);
            let collection = CreateCollectionBuilder::new(COLLECTION).vectors_config(vectors);
            let created = qdrant.create_collection(collection).await;
            // Another instance may have been quicker.
            if created.is_err() && !qdrant.collection_exists(COLLECTION).await? {
                created?;
            }
            // A filter without an index looks at every point.
            let index =
                CreateFieldIndexCollectionBuilder::new(COLLECTION, OWNER, FieldType::Keyword);
            qdrant.create_field_index(index).await?;
        }
        Ok(Self(qdrant))
    }

    /// Keeps a note. The same text of the same person is one note, whose id nobody else can hit
    /// (RFC 9562, version 5, in the name space of its owner).
    pub(crate) async fn keep(&self, owner: UserId, text: &str) -> Result<(), QdrantError> {
        let id = Uuid::new_v5(&owner.0, text.as_bytes()).to_string();
        let payload = Payload::try_from(json!({OWNER: owner.to_string(), "text": text}))?;
        let note = PointStruct::new(id, embedding(text), payload);
        self.0
            .upsert_points(UpsertPointsBuilder::new(COLLECTION, vec![note]).wait(true))
            .await?;
        Ok(())
    }

    /// The person's own notes that are most like this text. The owner is part of the question to
    /// Qdrant: filtering afterwards would lose notes behind the nearest ones of others.
    pub(crate) async fn search(
        &self,
        owner: UserId,
        about: &str,
    ) -> Result<Vec<String>, QdrantError> {
        let own = Filter::must([Condition::matches(OWNER, owner.to_string())]);
        let question = QueryPointsBuilder::new(COLLECTION)
            .query(embedding(about))
            .filter(own)
            .limit(FOUND_AT_ONCE)
            .with_payload(true);
        let found = self.0.query(question).await?.result;
        let text = |note: &qdrant_client::qdrant::ScoredPoint| {
            Some(note.payload.get("text")?.as_str()?.clone())
        };
        Ok(found.iter().filter_map(text).collect())
    }
}
