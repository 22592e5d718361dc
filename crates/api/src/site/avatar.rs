//! `/avatars/{id}.svg`: a picture for whoever has none, in a colour of their own.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use crate::errors::Code;

pub(crate) async fn avatar(Path(file): Path<String>) -> Response {
    let id = file.strip_suffix(".svg").and_then(|id| id.parse::<Uuid>().ok());
    let Some(id) = id else { return crate::errors::ApiError::new(Code::NotFound).into_response() };
    let hue = u32::from(id.as_bytes()[15]) * 360 / 256;
    let picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\" role=\"img\">\
         <rect width=\"96\" height=\"96\" fill=\"hsl({hue} 45% 85%)\"/>\
         <g fill=\"hsl({hue} 40% 40%)\"><circle cx=\"48\" cy=\"37\" r=\"17\"/>\
         <path d=\"M14 96c2-24 16-36 34-36s32 12 34 36z\"/></g></svg>"
    );
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, picture).into_response()
}
