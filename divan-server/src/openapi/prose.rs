//! Unwraps doc comments: viewers of the document show every line break of the source.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr, Schema};

/// Makes one line of each paragraph in the descriptions that come from doc comments.
pub(super) fn unwrap_lines(document: &mut OpenApi) {
    document.info.description = document
        .info
        .description
        .take()
        .map(|text| unwrapped(&text));
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        in_place(&mut operation.description);
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter {
                in_place(&mut parameter.description);
            }
        }
    }
    for schema in document
        .components
        .iter_mut()
        .flat_map(|components| components.schemas.values_mut())
    {
        in_schema(schema);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn in_schema(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::Ref(reference) => reference.description = unwrapped(&reference.description),
        RefOr::T(Schema::Object(object)) => {
            in_place(&mut object.description);
            object.properties.values_mut().for_each(in_schema);
        }
        RefOr::T(Schema::Array(array)) => in_place(&mut array.description),
        RefOr::T(Schema::OneOf(one_of)) => in_place(&mut one_of.description),
        RefOr::T(Schema::AnyOf(any_of)) => in_place(&mut any_of.description),
        RefOr::T(_) => {}
    }
}

fn in_place(text: &mut Option<String>) {
    *text = text.take().map(|text| unwrapped(&text));
}

/// Items of lists, rows of tables and text after an empty line begin a line; all other lines are
/// joined.
fn unwrapped(text: &str) -> String {
    let mut unwrapped = String::new();
    for line in text.lines() {
        let begins = ["- ", "|", "#"].iter().any(|start| line.starts_with(start));
        if !unwrapped.is_empty() {
            let separate = begins || line.is_empty() || unwrapped.ends_with('\n');
            unwrapped.push(if separate { '\n' } else { ' ' });
        }
        unwrapped.push_str(line.trim_start());
    }
    unwrapped
}

#[cfg(test)]
mod tests {
    use super::unwrapped;

    #[test]
    fn a_paragraph_an_item_and_a_row_are_one_line_each() {
        let text = "One\ntwo.\n\nThree:\n\n- a\n  b\n- c\n\n| d |\n|---|\n| e |\n\n# F\n\ng\nh";
        let expected = "One two.\n\nThree:\n\n- a b\n- c\n\n| d |\n|---|\n| e |\n\n# F\n\ng h";
        assert_eq!(unwrapped(text), expected);
    }
}
