package com.example.actions;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Calls a server as an application does. */
public final class Caller {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ActionServer server;

    public Caller(ActionServer server) {
        this.server = server;
    }

    public HttpResponse<String> post(String body, String... headers) throws IOException, InterruptedException {
        return http.send(request("/action", body, headers), BodyHandlers.ofString());
    }

    public CompletableFuture<HttpResponse<String>> postInBackground(String body, String... headers) {
        return http.sendAsync(request("/action", body, headers), BodyHandlers.ofString());
    }

    public HttpResponse<InputStream> stream(String body, String... headers) throws IOException, InterruptedException {
        return http.send(request("/action/stream", body, headers), BodyHandlers.ofInputStream());
    }

    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(server.url() + path)).build();
        return http.send(request, BodyHandlers.ofString());
    }

    public static JsonNode json(HttpResponse<String> answer) throws IOException {
        return MAPPER.readTree(answer.body());
    }

    /** The first text that an answer says. */
    public static String said(HttpResponse<String> answer) throws IOException {
        return json(answer).at("/directives/0/payload/text").textValue();
    }

    private HttpRequest request(String path, String body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(server.url() + path))
                .timeout(Duration.ofSeconds(30))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        return (headers.length == 0 ? request : request.headers(headers)).build();
    }
}
