package com.example.actions;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What went wrong, as RFC 9457 writes it: without anything of the request, without a trace.
 *
 * @param type a URI that names the kind of problem
 * @param title the kind of problem in words
 * @param status the HTTP status
 * @param detail what to know about this occurrence, or null
 * @param action the action's name, or null
 * @param errors places in the body and what is wrong there, or null
 * @param headers further headers of the response
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        String action,
        List<Fault> errors,
        @JsonIgnore Map<String, String> headers) {

    /** A place in the body, as a JSON pointer, and what is wrong there. */
    public record Fault(String pointer, String detail) {}

    private record Kind(String name, String title) {}

    private static final String URN = "urn:mm-actions:problem:";
    private static final Map<Integer, Kind> KINDS = Map.of(
            400, new Kind(URN + "invalid-request", "Invalid request"),
            401, new Kind(URN + "unauthorized", "Unauthorized"),
            404, new Kind("about:blank", "Not Found"),
            405, new Kind("about:blank", "Method Not Allowed"),
            409, new Kind(URN + "in-progress", "Request in progress"),
            413, new Kind(URN + "too-large", "Content too large"),
            415, new Kind(URN + "media-type", "Unsupported media type"),
            500, new Kind("about:blank", "Internal Server Error"),
            503, new Kind(URN + "unavailable", "Unavailable"));

    /** The problem that the contract names for a status. */
    public static Problem of(int status, String detail) {
        Kind kind = KINDS.getOrDefault(status, new Kind("about:blank", "Failure"));
        return new Problem(kind.name(), kind.title(), status, detail, null, null, Map.of());
    }

    /** A problem of a kind of its own. */
    public static Problem named(int status, String kind, String title, String detail) {
        return new Problem(URN + kind, title, status, detail, null, null, Map.of());
    }

    /** A 503 that says when to try again. */
    public static Problem unavailable(String detail, Duration retryAfter) {
        return of(503, detail).withHeader("Retry-After", Long.toString(retryAfter.toSeconds()));
    }

    Problem withHeader(String name, String value) {
        return new Problem(type, title, status, detail, action, errors, Map.of(name, value));
    }

    Problem withAction(String name) {
        return new Problem(type, title, status, detail, name, errors, headers);
    }

    Problem at(String pointer, String wrong) {
        return new Problem(type, title, status, detail, action, List.of(new Fault(pointer, wrong)), headers);
    }
}
