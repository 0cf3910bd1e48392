use qdrant_client::qdrant::collections_server::Collections;
use qdrant_client::qdrant::{
    CollectionDescription, CollectionExists, CollectionExistsRequest, CollectionExistsResponse,
    CollectionOperationResponse, CreateCollection, ListCollectionsRequest, ListCollectionsResponse,
};
use tonic::{Request, Response, Status};

use super::refusal::serve;

serve! {
    Collections {
        async fn list(
            &self,
            _: Request<ListCollectionsRequest>,
        ) -> Result<Response<ListCollectionsResponse>, Status> {
            let names = self.collections().keys().cloned().collect::<Vec<_>>();
            let collections = names.into_iter().map(|name| CollectionDescription { name }).collect();
            Ok(Response::new(ListCollectionsResponse { collections, ..Default::default() }))
        }

        async fn create(
            &self,
            request: Request<CreateCollection>,
        ) -> Result<Response<CollectionOperationResponse>, Status> {
            let name = request.into_inner().collection_name;
            let mut collections = self.collections();
            if collections.contains_key(&name) {
                return Err(Status::already_exists("there is such a collection"));
            }
            collections.insert(name, Vec::new());
            Ok(Response::new(CollectionOperationResponse { result: true, ..Default::default() }))
        }

        async fn collection_exists(
            &self,
            request: Request<CollectionExistsRequest>,
        ) -> Result<Response<CollectionExistsResponse>, Status> {
            let exists = self.collections().contains_key(&request.get_ref().collection_name);
            let result = Some(CollectionExists { exists });
            Ok(Response::new(CollectionExistsResponse { result, ..Default::default() }))
        }
    }
    get(GetCollectionInfoRequest) -> GetCollectionInfoResponse;
    update(UpdateCollection) -> CollectionOperationResponse;
    delete(DeleteCollection) -> CollectionOperationResponse;
    update_aliases(ChangeAliases) -> CollectionOperationResponse;
    list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse;
    list_aliases(ListAliasesRequest) -> ListAliasesResponse;
    collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse;
    update_collection_cluster_setup(UpdateCollectionClusterSetupRequest) -> UpdateCollectionClusterSetupResponse;
    create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse;
    delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse;
    list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse;
}
