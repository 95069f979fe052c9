package com.example.actions

import com.example.actions.api.ActionsApiDelegate
import com.example.actions.model.Directive
import com.example.actions.model.Invocation
import com.example.actions.model.Responder
import org.springframework.boot.web.context.WebServerInitializedEvent
import org.springframework.context.event.EventListener
import org.springframework.http.ResponseEntity
import org.springframework.stereotype.Service

@Service
class Shop : ActionsApiDelegate {
    override fun invokeAction(
        invocation: Invocation,
        idempotencyKey: String?,
        xMMTimeoutMs: String?,
        traceparent: String?,
        xMMCallId: String?,
        xMMHops: String?
    ): ResponseEntity<Responder> = ResponseEntity.ok(
        Responder(
            directives = listOf(Directive("reply", "view", mapOf("text" to "hi"))),
            params = invocation.responder?.params?.copy(allowedIntents = null)
        )
    )

    @EventListener
    fun tellWhere(event: WebServerInitializedEvent) =
        println("listening on http://127.0.0.1:${event.webServer.port}")
}
