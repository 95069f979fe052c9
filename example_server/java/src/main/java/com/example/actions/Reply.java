package com.example.actions;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;

/** Writes the answer to one request. */
final class Reply {
    private static final String JSON = "application/json";
    private static final String PROBLEM = "application/problem+json";
    private static final String EVENTS = "application/x-ndjson";

    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Event(String event, Directive directive, Responder responder, Problem problem) {}

    private final HttpExchange exchange;
    private OutputStream stream;
    private int streamed;
    private boolean clientLeft;

    Reply(HttpExchange exchange) {
        this.exchange = exchange;
    }

    /** Whether a part of the answer has gone out, so that no other can be given. */
    boolean begun() {
        return exchange.getResponseCode() != -1;
    }

    void json(Object value) throws IOException {
        whole(200, JSON, Json.bytes(value));
    }

    void problem(Problem problem) throws IOException {
        problem.headers().forEach(exchange.getResponseHeaders()::set);
        whole(problem.status(), PROBLEM, Json.bytes(problem));
    }

    void outcome(Outcome outcome) throws IOException {
        if (outcome.problem() != null) {
            problem(outcome.problem());
        } else {
            whole(200, JSON, outcome.json());
        }
    }

    /** Sends a directive the moment the action adds it. */
    void streamed(Directive directive) {
        streamed++;
        if (clientLeft) {
            return;
        }
        try {
            event(new Event("directive", directive, null, null));
        } catch (IOException gone) {
            // The action goes on: what it does may matter to others than the client that left.
            clientLeft = true;
        }
    }

    /** Ends a stream; a failure before its first directive is a plain problem. */
    void endOfStream(Outcome outcome) throws IOException {
        if (clientLeft) {
            return;
        }
        if (outcome.problem() != null && stream == null) {
            problem(outcome.problem());
            return;
        }
        if (outcome.problem() != null) {
            event(new Event("error", null, null, outcome.problem()));
        } else {
            // All of them when the outcome is that of an earlier request with the same key.
            var directives = outcome.responder().directives();
            for (Directive directive : directives.subList(streamed, directives.size())) {
                event(new Event("directive", directive, null, null));
            }
            event(new Event("result", null, outcome.responder(), null));
        }
        stream.close();
    }

    private void event(Event event) throws IOException {
        byte[] line = Json.bytes(event);
        if (stream == null) {
            exchange.getResponseHeaders().set("Content-Type", EVENTS);
            exchange.sendResponseHeaders(200, 0); // 0: of unknown length
            stream = exchange.getResponseBody();
        }
        stream.write(line);
        stream.write('\n');
        stream.flush();
    }

    private void whole(int status, String mediaType, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", mediaType);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
            exchange.sendResponseHeaders(status, -1); // -1: no body
            return;
        }
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }
}
