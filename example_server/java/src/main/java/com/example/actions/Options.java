package com.example.actions;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a server runs. Each option is a flag, {@code --tls-cert FILE}, or a variable of the environment,
 * {@code ACTION_SERVER_TLS_CERT}; the flag counts more.
 *
 * @param host the address to listen on
 * @param port the port; 0 takes a free one
 * @param tlsCert the server's certificate chain, PEM; null for plain HTTP
 * @param tlsKey its private key, PEM
 * @param clientCa the authority of client certificates, PEM; null to ask for none
 * @param token the bearer token to ask for; null for none
 * @param concurrency invocations at once; more are refused with 503
 * @param grace how long invocations in progress have when the server stops
 * @param maxBody the largest body in bytes; larger ones are refused with 413
 * @param knownOnly whether names that no action has are refused
 */
public record Options(
        String host,
        int port,
        Path tlsCert,
        Path tlsKey,
        Path clientCa,
        String token,
        int concurrency,
        int maxBody,
        Duration grace,
        boolean knownOnly) {

    public static final String USAGE =
            """
            options:
              --host ADDRESS       address to listen on (127.0.0.1)
              --port PORT          port; 0 takes a free one (8080)
              --tls-cert FILE      serve https with this certificate chain, PEM
              --tls-key FILE       private key of the certificate, PEM
              --client-ca FILE     ask for a client certificate signed by this authority, PEM
              --token TOKEN        ask for this bearer token
              --concurrency COUNT  invocations at once (64)
              --max-body BYTES     the largest body (4194304)
              --grace SECONDS      for what is in progress when the server stops (5)
              --known-only         answer 404 to names that no action has
            Each can be set in the environment: ACTION_SERVER_HOST, ACTION_SERVER_TLS_CERT, ...
            """;

    private static final String PREFIX = "ACTION_SERVER_";
    private static final List<String> WITH_VALUE = List.of(
            "host", "port", "tls-cert", "tls-key", "client-ca", "token", "concurrency", "max-body", "grace");
    private static final String KNOWN_ONLY = "known-only";

    public Options {
        if ((tlsCert == null) != (tlsKey == null) || (clientCa != null && tlsCert == null)) {
            throw new IllegalArgumentException("--tls-cert and --tls-key go together, and --client-ca needs them");
        }
        if (port < 0 || port > 65535 || concurrency < 1 || maxBody < 1 || grace.isNegative()) {
            throw new IllegalArgumentException("--port, --concurrency, --max-body or --grace is out of range");
        }
    }

    /** The options that these flags set; for the rest the defaults. */
    public static Options of(String... flags) {
        return parse(List.of(flags), Map.of());
    }

    /**
     * Reads flags and the environment.
     *
     * @throws IllegalArgumentException a flag is not known or has no value, or a value makes no sense
     */
    public static Options parse(List<String> flags, Map<String, String> environment) {
        Map<String, String> given = fromEnvironment(environment);
        for (int at = 0; at < flags.size(); at++) {
            String[] flag = flags.get(at).split("=", 2);
            String name = flag[0].startsWith("--") ? flag[0].substring(2) : "";
            if (name.equals(KNOWN_ONLY) && flag.length == 1) {
                given.put(name, "true");
            } else if (!WITH_VALUE.contains(name)) {
                throw new IllegalArgumentException("there is no option " + flag[0]);
            } else if (flag.length == 2) {
                given.put(name, flag[1]);
            } else if (at + 1 < flags.size()) {
                given.put(name, flags.get(++at));
            } else {
                throw new IllegalArgumentException(flag[0] + " needs a value");
            }
        }
        return new Options(
                given.getOrDefault("host", "127.0.0.1"),
                number(given, "port", 8080),
                path(given, "tls-cert"),
                path(given, "tls-key"),
                path(given, "client-ca"),
                given.get("token"),
                number(given, "concurrency", 64),
                number(given, "max-body", 4 * 1024 * 1024),
                seconds(given, "grace", 5),
                Boolean.parseBoolean(given.get(KNOWN_ONLY)));
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "Options[" + host + ":" + port + ", " + (tlsCert == null ? "http]" : "https]");
    }

    private static Map<String, String> fromEnvironment(Map<String, String> environment) {
        Map<String, String> given = new HashMap<>();
        environment.forEach((variable, value) -> {
            if (variable.startsWith(PREFIX) && !value.isEmpty()) {
                given.put(variable.substring(PREFIX.length()).toLowerCase().replace('_', '-'), value);
            }
        });
        return given;
    }

    private static int number(Map<String, String> given, String name, int otherwise) {
        try {
            return given.containsKey(name) ? Integer.parseInt(given.get(name)) : otherwise;
        } catch (NumberFormatException error) {
            throw new IllegalArgumentException("--" + name + " must be a number", error);
        }
    }

    private static Duration seconds(Map<String, String> given, String name, int otherwise) {
        try {
            return Duration.parse("PT" + given.getOrDefault(name, Integer.toString(otherwise)) + "S");
        } catch (DateTimeParseException error) {
            throw new IllegalArgumentException("--" + name + " must be a number of seconds", error);
        }
    }

    private static Path path(Map<String, String> given, String name) {
        return given.containsKey(name) ? Path.of(given.get(name)) : null;
    }
}
