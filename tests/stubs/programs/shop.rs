//! The stubs in Rust, filled in.
use action_server::{apis, models, server};
use apis::actions::{Actions, InvokeActionResponse, ListActionsResponse, StreamActionResponse};
use apis::health::{GetLivenessResponse, GetReadinessResponse, Health};
use axum_extra::extract::CookieJar;
use headers::Host;
use http::Method;

#[derive(Clone)]
struct Shop;

impl AsRef<Shop> for Shop {
    fn as_ref(&self) -> &Shop {
        self
    }
}

impl apis::ErrorHandler for Shop {}

#[async_trait::async_trait]
impl Actions for Shop {
    async fn invoke_action(
        &self,
        _: &Method,
        _: &Host,
        _: &CookieJar,
        _: &models::InvokeActionHeaderParams,
        body: &models::Invocation,
    ) -> Result<InvokeActionResponse, ()> {
        let mut reply = models::Directive::new();
        reply.name = Some("reply".to_string());
        reply.r_type = Some("view".to_string());
        let mut answer = models::Responder::new();
        answer.directives = Some(vec![reply]);
        answer.params = body.responder.as_ref().and_then(|given| given.params.clone());
        if let Some(params) = answer.params.as_mut() {
            params.allowed_intents = None;
        }
        Ok(InvokeActionResponse::Status200_TheActionWasCarriedOut(answer))
    }

    async fn stream_action(
        &self,
        _: &Method,
        _: &Host,
        _: &CookieJar,
        _: &models::StreamActionHeaderParams,
        _: &models::Invocation,
    ) -> Result<StreamActionResponse, ()> {
        Err(())
    }

    async fn list_actions(&self, _: &Method, _: &Host, _: &CookieJar) -> Result<ListActionsResponse, ()> {
        Err(())
    }
}

#[async_trait::async_trait]
impl Health for Shop {
    async fn get_liveness(&self, _: &Method, _: &Host, _: &CookieJar) -> Result<GetLivenessResponse, ()> {
        Err(())
    }

    async fn get_readiness(&self, _: &Method, _: &Host, _: &CookieJar) -> Result<GetReadinessResponse, ()> {
        Err(())
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        axum::serve(listener, server::new::<Shop, Shop, ()>(Shop)).await.unwrap();
    });
}
