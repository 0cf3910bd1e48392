//! Notes in Qdrant, which only their owner finds.

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
const MAX_RESULTS: u64 = 5;

#[derive(Clone)]
pub(crate) struct Notes(Qdrant);

impl Notes {
    /// Opens the collection, and creates it if it is missing.
    pub(crate) async fn open(qdrant: Qdrant) -> Result<Self, QdrantError> {
        if !qdrant.collection_exists(COLLECTION).await? {
            let vectors = VectorParamsBuilder::new(DIMENSIONS as u64, Distance::Cosine);
            let collection = CreateCollectionBuilder::new(COLLECTION).vectors_config(vectors);
            let created = qdrant.create_collection(collection).await;
            // Another instance may have created it concurrently.
            if created.is_err() && !qdrant.collection_exists(COLLECTION).await? {
                created?;
            }
            // Without an index, a filter scans every point.
            let index =
                CreateFieldIndexCollectionBuilder::new(COLLECTION, OWNER, FieldType::Keyword);
            qdrant.create_field_index(index).await?;
        }
        Ok(Self(qdrant))
    }

    /// Stores a note. The same text of the same user is one note. Its id is unique to the user (RFC
    /// 9562, version 5, with the owner as name space).
    pub(crate) async fn keep(&self, owner: UserId, text: &str) -> Result<(), QdrantError> {
        let id = Uuid::new_v5(&owner.0, text.as_bytes()).to_string();
        let payload = Payload::try_from(json!({OWNER: owner.to_string(), "text": text}))?;
        let note = PointStruct::new(id, embedding(text), payload);
        self.0
            .upsert_points(UpsertPointsBuilder::new(COLLECTION, vec![note]).wait(true))
            .await?;
        Ok(())
    }

    /// Returns the notes of the user that are most similar to this text. Qdrant filters by owner:
    /// filtering the results would lose notes behind the nearest ones of others.
    pub(crate) async fn search(
        &self,
        owner: UserId,
        about: &str,
    ) -> Result<Vec<String>, QdrantError> {
        let own = Filter::must([Condition::matches(OWNER, owner.to_string())]);
        let query = QueryPointsBuilder::new(COLLECTION)
            .query(embedding(about))
            .filter(own)
            .limit(MAX_RESULTS)
            .with_payload(true);
        let found = self.0.query(query).await?.result;
        let text = |note: &qdrant_client::qdrant::ScoredPoint| {
            Some(note.payload.get("text")?.as_str()?.clone())
        };
        Ok(found.iter().filter_map(text).collect())
    }
}
