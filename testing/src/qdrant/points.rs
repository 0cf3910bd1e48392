use qdrant_client::qdrant::points_server::Points;
use qdrant_client::qdrant::{
    CreateFieldIndexCollection, PointsOperationResponse, QueryPoints, QueryResponse, UpsertPoints,
};
use tonic::{Request, Response, Status};

use super::refusal::serve;
use super::search;

serve! {
    Points {
        async fn upsert(
            &self,
            request: Request<UpsertPoints>,
        ) -> Result<Response<PointsOperationResponse>, Status> {
            let request = request.into_inner();
            let mut collections = self.collections();
            let points = collections.get_mut(&request.collection_name).ok_or_else(no_collection)?;
            for point in request.points {
                points.retain(|other| other.id != point.id);
                points.push(point);
            }
            Ok(Response::new(PointsOperationResponse::default()))
        }

        async fn query(&self, request: Request<QueryPoints>) -> Result<Response<QueryResponse>, Status> {
            let request = request.into_inner();
            let collections = self.collections();
            let points = collections.get(&request.collection_name).ok_or_else(no_collection)?;
            let result = search::nearest(points, &request)?;
            Ok(Response::new(QueryResponse { result, ..Default::default() }))
        }

        /// Accepted without effect.
        async fn create_field_index(
            &self,
            request: Request<CreateFieldIndexCollection>,
        ) -> Result<Response<PointsOperationResponse>, Status> {
            let collections = self.collections();
            collections.get(&request.get_ref().collection_name).ok_or_else(no_collection)?;
            Ok(Response::new(PointsOperationResponse::default()))
        }
    }
    delete(DeletePoints) -> PointsOperationResponse;
    get(GetPoints) -> GetResponse;
    update_vectors(UpdatePointVectors) -> PointsOperationResponse;
    delete_vectors(DeletePointVectors) -> PointsOperationResponse;
    set_payload(SetPayloadPoints) -> PointsOperationResponse;
    overwrite_payload(SetPayloadPoints) -> PointsOperationResponse;
    delete_payload(DeletePayloadPoints) -> PointsOperationResponse;
    clear_payload(ClearPayloadPoints) -> PointsOperationResponse;
    delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse;
    create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse;
    delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse;
    search(SearchPoints) -> SearchResponse;
    search_batch(SearchBatchPoints) -> SearchBatchResponse;
    search_groups(SearchPointGroups) -> SearchGroupsResponse;
    scroll(ScrollPoints) -> ScrollResponse;
    recommend(RecommendPoints) -> RecommendResponse;
    recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse;
    recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse;
    discover(DiscoverPoints) -> DiscoverResponse;
    discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse;
    count(CountPoints) -> CountResponse;
    update_batch(UpdateBatchPoints) -> UpdateBatchResponse;
    query_batch(QueryBatchPoints) -> QueryBatchResponse;
    query_groups(QueryPointGroups) -> QueryGroupsResponse;
    facet(FacetCounts) -> FacetResponse;
    search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse;
    search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse;
}

fn no_collection() -> Status {
    Status::not_found("there is no such collection")
}
