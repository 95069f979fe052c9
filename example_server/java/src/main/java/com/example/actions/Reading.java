package com.example.actions;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;

/** What a request must be before its body is looked into. */
final class Reading {
    private static final int MAX_KEY = 255;

    private Reading() {}

    /**
     * Refuses a body that does not call itself JSON in UTF-8.
     *
     * @throws ProblemException 415
     */
    static void checkMediaType(Headers headers) {
        String[] parts = header(headers, "Content-Type", "").toLowerCase(Locale.ROOT).split(";");
        boolean json = parts.length > 0 && parts[0].strip().equals("application/json");
        boolean utf8 = Arrays.stream(parts)
                .skip(1)
                .map(part -> part.strip().replace("\"", ""))
                .filter(part -> part.startsWith("charset="))
                .allMatch(part -> part.equals("charset=utf-8") || part.equals("charset=utf8"));
        if (!json || !utf8) {
            throw new ProblemException(415, "Send application/json in UTF-8.");
        }
        if (!header(headers, "Content-Encoding", "identity").equalsIgnoreCase("identity")) {
            throw new ProblemException(415, "Send the body without Content-Encoding.");
        }
    }

    /**
     * The key under which the request may be repeated, or null.
     *
     * @throws ProblemException 400 if it is empty or longer than the contract allows
     */
    static String idempotencyKey(Headers headers) {
        String key = headers.getFirst("Idempotency-Key");
        if (key != null && (key.isBlank() || key.length() > MAX_KEY)) {
            throw new ProblemException(400, "Idempotency-Key must have 1 to " + MAX_KEY + " characters.");
        }
        return key;
    }

    /**
     * How long the caller waits, in milliseconds, or null.
     *
     * @throws ProblemException 400 if it is not what the contract allows
     */
    static Integer timeoutMs(Headers headers) {
        String given = headers.getFirst("X-MM-Timeout-Ms");
        if (given != null && !given.matches("[1-9][0-9]{0,8}")) {
            throw new ProblemException(400, "X-MM-Timeout-Ms must be a number of milliseconds above 0.");
        }
        return given == null ? null : Integer.valueOf(given);
    }

    /**
     * Reads the body.
     *
     * @throws ProblemException 413 if it is larger than the limit, in bytes
     * @throws IOException the client left before it was complete
     */
    static byte[] body(HttpExchange exchange, int limit) throws IOException {
        if (announced(exchange) > limit) {
            throw tooLarge(limit);
        }
        byte[] body = exchange.getRequestBody().readNBytes(limit + 1);
        if (body.length > limit) {
            throw tooLarge(limit);
        }
        return body;
    }

    private static long announced(HttpExchange exchange) {
        String length = header(exchange.getRequestHeaders(), "Content-Length", "0");
        // The server behind has refused what is not a number.
        return Long.parseLong(length);
    }

    private static ProblemException tooLarge(int limit) {
        // The rest of the body is not waited for, so the connection cannot be used again.
        return new ProblemException(
                Problem.of(413, "At most " + limit + " bytes.").withHeader("Connection", "close"));
    }

    private static String header(Headers headers, String name, String absent) {
        String value = headers.getFirst(name);
        return value == null ? absent : value.strip();
    }
}
