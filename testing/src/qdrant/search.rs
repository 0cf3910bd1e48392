use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::vectors::VectorsOptions;
use qdrant_client::qdrant::{
    Condition, Filter, PointStruct, QueryPoints, ScoredPoint, query, vector, vector_input,
};
use tonic::Status;

/// Returns the points that match the filter, the most similar first. A query in a form that no test
/// uses is an error.
pub(super) fn nearest(
    points: &[PointStruct],
    request: &QueryPoints,
) -> Result<Vec<ScoredPoint>, Status> {
    let wanted = query_vector(request)?;
    let mut found = Vec::new();
    for point in points {
        if matches_filter(point, request.filter.as_ref())? {
            let (id, payload) = (point.id.clone(), point.payload.clone());
            let score = similarity(wanted, vector_of(point)?);
            found.push(ScoredPoint {
                id,
                payload,
                score,
                ..Default::default()
            });
        }
    }
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
    found.truncate(usize::try_from(request.limit.unwrap_or(10)).unwrap_or(usize::MAX));
    Ok(found)
}

fn query_vector(request: &QueryPoints) -> Result<&[f32], Status> {
    let variant = request
        .query
        .as_ref()
        .and_then(|query| query.variant.as_ref());
    let Some(query::Variant::Nearest(input)) = variant else {
        return Err(unknown());
    };
    match &input.variant {
        Some(vector_input::Variant::Dense(dense)) => Ok(&dense.data),
        _ => Err(unknown()),
    }
}

fn vector_of(point: &PointStruct) -> Result<&[f32], Status> {
    match point
        .vectors
        .as_ref()
        .and_then(|vectors| vectors.vectors_options.as_ref())
    {
        Some(VectorsOptions::Vector(vector)) => match &vector.vector {
            Some(vector::Vector::Dense(dense)) => Ok(&dense.data),
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

fn matches_filter(point: &PointStruct, filter: Option<&Filter>) -> Result<bool, Status> {
    let Some(filter) = filter else {
        return Ok(true);
    };
    if !filter.should.is_empty() || !filter.must_not.is_empty() || filter.min_should.is_some() {
        return Err(unknown());
    }
    let mut all = true;
    for condition in &filter.must {
        all &= matches_condition(point, condition)?;
    }
    Ok(all)
}

fn matches_condition(point: &PointStruct, condition: &Condition) -> Result<bool, Status> {
    let Some(ConditionOneOf::Field(field)) = &condition.condition_one_of else {
        return Err(unknown());
    };
    let Some(MatchValue::Keyword(keyword)) = field
        .r#match
        .as_ref()
        .and_then(|it| it.match_value.as_ref())
    else {
        return Err(unknown());
    };
    let value = point
        .payload
        .get(&field.key)
        .and_then(|value| value.kind.as_ref());
    Ok(matches!(value, Some(Kind::StringValue(text)) if text == keyword))
}

/// The cosine of the angle between two vectors.
fn similarity(one: &[f32], other: &[f32]) -> f32 {
    let length = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let product: f32 = one.iter().zip(other).map(|(x, y)| x * y).sum();
    product / (length(one) * length(other)).max(f32::MIN_POSITIVE)
}

fn unknown() -> Status {
    Status::unimplemented("not in the tests' Qdrant")
}
